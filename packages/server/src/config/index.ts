export { type ConfigSources, type LoadedConfig, loadConfig } from "./load-config.ts";
export { formatProblems, type Problem } from "./problem.ts";
export {
  type Config,
  isLoopback,
  limitSetting,
  type Origins,
  type Setting,
  type SettingName,
  settings,
  tenantSetting,
} from "./settings.ts";
