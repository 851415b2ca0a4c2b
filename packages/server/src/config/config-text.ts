import { type Config, type Origins, type Setting, type SettingName, settings } from "./settings.ts";

/** What `solo-server --help` prints: every setting with its flag, variable, key and default. Without a last line end. */
export function helpText(): string {
  const lines = [
    "Usage: solo-server [flags]",
    "",
    "Deploys, sandboxes and supervises services. Flags win over environment variables, those over the TOML file",
    "named by --config or SOLO_CONFIG, that over the defaults.",
    "",
    "  --config FILE       read settings from a TOML file",
    "  --print-config      print every setting with its value and where it came from, then exit",
    "  --version           print the version, then exit",
    "  --help              print this, then exit",
    "",
  ];
  for (const name of Object.keys(settings) as SettingName[]) {
    const setting: Setting<unknown> = settings[name];
    lines.push(
      `  ${setting.flag} VALUE`,
      `      ${setting.doc}`,
      `      ${setting.wanted}`,
      `      default ${setting.format(setting.default)}   variable ${setting.variable}   key ${setting.key}`,
    );
  }
  return lines.join("\n");
}

/** What `solo-server --print-config` prints: a TOML file that gives the same configuration, each line with its origin. Without a last line end. */
export function printedConfig(config: Config, origins: Origins): string {
  const lines = (Object.keys(settings) as SettingName[]).map((name) => {
    const setting: Setting<unknown> = settings[name];
    const value = config[name];
    // Numbers with a unit are written as text, which reads back exactly.
    const formatted = setting.format(value);
    const toml = String(value) === formatted && typeof value === "number" ? formatted : JSON.stringify(formatted);
    return { line: `${setting.key} = ${toml}`, origin: origins[name] };
  });
  const width = Math.max(...lines.map(({ line }) => line.length));
  return lines.map(({ line, origin }) => `${line.padEnd(width)}  # ${origin}`).join("\n");
}
