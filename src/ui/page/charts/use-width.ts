import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

/** The width that an element has, for charts that are drawn in pixels. */
export function useWidth(): readonly [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const lineStyle = (): void => setWidth(Math.max(280, Math.floor(element.clientWidth)));
    const observer = new ResizeObserver(lineStyle);
    observer.observe(element);
    lineStyle();
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
