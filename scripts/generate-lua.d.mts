export const GENERATED: URL;

export function generateLua(): string;
