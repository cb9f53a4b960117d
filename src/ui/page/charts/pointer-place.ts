/** Where a pointer is in the element that listens, whichever child of it the event came from. */
export function pointerPlace(event: PointerEvent & { readonly currentTarget: Element }): {
  readonly x: number;
  readonly y: number;
} {
  const { left, top } = event.currentTarget.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
