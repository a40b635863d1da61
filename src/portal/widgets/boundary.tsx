/** Keeps a fault of one part of the page to that part: what stands in its place says so. */
import { Component, type ComponentChildren } from "preact";
import { type Failure, failureOf } from "./failure.ts";
import { Problem } from "./messages.tsx";

export interface BoundaryProps {
  /** What is shown, such as an address: something else is tried afresh. */
  readonly of: string;
  readonly children: ComponentChildren;
}

interface BoundaryState {
  readonly failure: Failure | undefined;
}

export class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { failure: undefined };

  static override getDerivedStateFromError(thrown: unknown): BoundaryState {
    return { failure: failureOf(thrown) };
  }

  override componentDidUpdate(before: BoundaryProps): void {
    if (before.of !== this.props.of) this.#tryAgain();
  }

  override render(): ComponentChildren {
    const { failure } = this.state;
    if (failure === undefined) return this.props.children;
    return <Problem failure={failure} onRetry={() => this.#tryAgain()} />;
  }

  #tryAgain(): void {
    if (this.state.failure !== undefined) this.setState({ failure: undefined });
  }
}
