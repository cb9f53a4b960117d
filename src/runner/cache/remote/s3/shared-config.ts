/** The sections of an AWS config file, each a map of names to values. Nested values are left out. */
export type Sections = ReadonlyMap<string, Readonly<Record<string, string>>>;

/**
 * Reads a file as ~/.aws/config or ~/.aws/credentials is written (AWS SDKs and Tools Reference Guide, "Shared
 * config and credentials files"). A section "profile NAME" is named NAME.
 */
export function parseSharedConfig(text: string): Sections {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> | undefined;
  for (const line of text.split(/\r?\n/)) {
    const header = /^\[\s*(?:profile\s+)?["']?([^\]"']+?)["']?\s*\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = sections.get(header) ?? {};
      sections.set(header, section);
      continue;
    }
    const [, name, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)(?:\s+[#;].*)?$/.exec(line) ?? [];
    if (section !== undefined && name !== undefined && value !== undefined)
      section[name.toLowerCase()] = value.trim();
  }
  return sections;
}
