import { Component, type ComponentChildren } from 'preact';

/** What stands in the place of a page that cannot be drawn: at night a blank one is the worst. */
export class Broken extends Component<{ readonly children: ComponentChildren }, { readonly error?: Error }> {
  static override getDerivedStateFromError(error: Error): { readonly error: Error } {
    return { error };
  }

  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div class="broken" role="alert">
        <h1>The switchboard cannot be drawn</h1>
        <p>{error.message}</p>
        <p>
          The circuits are not touched by that. <code>switchgear status</code> shows the same in a terminal.
        </p>
        <button type="button" onClick={() => location.reload()}>
          Load it anew
        </button>
      </div>
    );
  }
}
