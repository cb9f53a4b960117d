/**
 * Text with every {name} replaced by its value. A name without a value is a mistake in a template, and
 * throws.
 */
export const fill = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`the template has no value for {${name}}: ${template}`);
    return value;
  });
