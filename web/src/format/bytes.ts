// Sizes as people read them.

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'];

/** `0 B`, `980 B`, `1.2 kB`, `34 MB`; thousands, as disks are sold. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${value.toFixed(digits)} ${UNITS[unit] ?? ''}`;
}
