// Moving through a list of links by key.

/** Gives the focus to the next or the previous of the links; to the first one when none has it. */
export function moveInList(selector: string, by: 1 | -1): void {
  const links = [...document.querySelectorAll<HTMLAnchorElement>(selector)];
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at === -1 ? 0 : Math.min(links.length - 1, Math.max(0, at + by));
  links[next]?.focus();
}
