export function Close({ href }: { readonly href: string }) {
  return (
    <a class="close" href={href} aria-keyshortcuts="Escape">
      <span aria-hidden="true">✕</span>
      <span class="unseen">Close details</span>
    </a>
  );
}
