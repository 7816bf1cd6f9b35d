/** The width of an element in whole pixels, kept up to date; 0 before it is known. */
import { useEffect, useRef, useState } from 'react';

export function useWidth<Kind extends Element>() {
  const element = useRef<Kind>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    if (element.current) {
      observer.observe(element.current);
    }
    return () => observer.disconnect();
  }, []);
  return [element, width] as const;
}
