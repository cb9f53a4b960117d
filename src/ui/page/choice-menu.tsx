import type { ComponentChildren } from 'preact';

/** A menu in which any of some names can be chosen. A name that is added takes its place among them. */
export function ChoiceMenu(props: {
  readonly title: string;
  readonly names: readonly string[];
  readonly chosen: readonly string[];
  readonly onChoose: (chosen: readonly string[]) => void;
  /** Above the names. */
  readonly children?: ComponentChildren;
}) {
  const { title, names, chosen, onChoose } = props;
  const toggle = (name: string): void =>
    onChoose(
      chosen.includes(name)
        ? chosen.filter((each) => each !== name)
        : names.filter((each) => each === name || chosen.includes(each)),
    );
  return (
    <details class="menu">
      <summary>{title}</summary>
      <div class="menu-list">
        {props.children}
        {names.map((name) => (
          <label key={name}>
            <input type="checkbox" checked={chosen.includes(name)} onChange={() => toggle(name)} />{' '}
            <span class="name">{name}</span>
          </label>
        ))}
      </div>
    </details>
  );
}
