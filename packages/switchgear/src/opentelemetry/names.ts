/** Names after OpenTelemetry's conventions: dotted, in the library's own namespace, entities in the singular. */

export const CIRCUIT_NAME = 'switchgear.circuit.name';
/** As the status convention has it: one series per state, 1 for the present one. */
export const CIRCUIT_STATE = 'switchgear.circuit.state';
export const PREVIOUS_STATE = 'switchgear.circuit.previous_state';
export const REASON = 'switchgear.transition.reason';
export const RETRY_AFTER = 'switchgear.circuit.retry_after_ms';
export const OUTCOME = 'switchgear.call.outcome';
