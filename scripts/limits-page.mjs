// The page on limits: tables from the rows that the code works with, and the circuit breaker drawn from its machine.

/**
 * @param {object} parts
 * @param {readonly { name: string, value: number, doc: string }[]} parts.numbers Every number of the server.
 * @param {typeof import("../packages/notation/src/index.ts")} parts.notation
 * @param {typeof import("../packages/server/src/messaging/circuit-breaker.ts")} parts.circuits
 * @param {typeof import("../packages/server/src/services/progress.ts")} parts.progress
 * @returns {string} Markdown.
 */
export function limitsPage({ numbers, notation, circuits, progress }) {
  const { formatDuration, limitNames } = notation;
  const ofServices = new Set(limitNames.map((name) => `serviceDefaults.${name}`));
  const others = numbers.filter(({ name }) => !ofServices.has(name));
  return `# Limits

What a service may use, what everybody may send, and what happens beyond it. Limits are always on: a service that names none has the defaults, and one that this host cannot keep is refused.

## Limits of one service

A manifest sets them, over gRPC in \`manifest.limits\`, with the command by flags or a file (\`solo deploy --help\`). \`limits.soft\` says where warnings begin, \`limits.actions\` what happens at a limit, each by the limit's name. The first action is the usual one:

- \`kill\`: the service is ended with the limit as the cause, and its supervisor decides what follows.
- \`throttle\`: it is held at the limit and lives: slowed down, or what is too much is refused or dropped.
- \`warn\`: it goes on, up to the bound that no manifest can lift.

Whatever the action: a caller who meets a limit gets \`RESOURCE_EXHAUSTED\` with \`google.rpc.QuotaFailure\` (which limit, what is used, what is allowed, how to get more), the tenant's history an event \`service.limit-reached\` at most once a minute for each limit and level, and \`/metrics\` counts \`solo_limits_reached_total\`. \`solo status ID\` shows each limit, used against allowed; \`solo top\` all services as they change.

What the operating system keeps, in a control group, the kernel samples on a host that has none; \`solo status\` then says \`watched\`.

${table(["limit", "what is counted", "usual", "bounds", "warns at", "actions", "at the limit", "kept by"], serviceRows(notation))}

## Limits of one tenant

An administrator sets them: \`solo quota set TENANT NAME=VALUE\`, or \`QuotaService/SetQuota\`. It is on record and holds at once. What a tenant has beyond a new limit is left alone; only what is new is refused. For tenants of whom nothing was said the server's settings \`tenant.*\` hold.

${table(["limit", "what is counted", "usual", "looked at"], tenantRows(notation))}

## What is promised

A limit is a ceiling, not a reservation: an idle service of 64 MiB uses 4. What is *promised* to a service is its limit all the same, since it may go there at any time. Promises of services that live are added up when one begins to live (deployed, or restarted after it had ended). One that would go beyond the tenant's quota, or beyond what the machine has times the overcommit setting, is refused with the numbers, and nothing is left of it.

- \`capacity.memory_overcommit\` (usual: ${overcommit(numbers, "memory")}): memory that is missing kills, so less of it is promised. A small machine with 2 GiB promises 1,024 services of 64 MiB.
- \`capacity.cpu_overcommit\` (usual: ${overcommit(numbers, "cpu")}): cores that are missing only slow down.

With both at 1, every service can use all that its manifest says at one time. Services that a server starts again after it was away are not refused: they were promised theirs before.

## Back-pressure

Everything that waits is bounded. A service over a bound of its mailbox refuses messages and is marked \`degraded\` (in its status, and by the events \`service.degraded\` and \`service.healthy\`) until half of its mailbox is free; its callers get \`MAILBOX_FULL\` with the time after which to try again. A tenant's calls beyond \`calls_in_flight\`, and everybody's beyond \`capacity.calls_in_flight\`, are refused at the door before they are read: \`TOO_MANY_CALLS\`, \`SERVER_OVERLOADED\`.

Between each caller and each service stands a circuit breaker. ${circuits.failuresToOpen} calls in a row that are not answered in time open it: more are refused at once with \`CIRCUIT_OPEN\`, for ${formatDuration(circuits.firstOpenMs)} at first. Then one call goes through on trial. What a service dies of does not open it: its supervisor starts it again.

${diagram(circuits.circuitMachine)}

## Health by progress

A service that has messages and is done with none stands still. At the warning of \`cpu_time_ms\` or \`call_time_ms\` it turns \`unhealthy\` (status, event \`service.unhealthy\`), at the limit it ends and its supervisor starts it again. One that takes messages and answers later does not stand still: the kernel asks it. The event says how it stands still:

${Object.entries(progress.stallWords)
  .map(([stall, words]) => `- \`${stall}\`: ${words}.`)
  .join("\n")}

## Every number of the server

${table(
  ["number", "value", "what it is"],
  others.map(({ name, value, doc }) => [`\`${name}\``, value.toLocaleString("en"), doc]),
)}
`;
}

function serviceRows({ limitNames, limitRow, ...notation }) {
  return limitNames.map((name) => {
    const { wireName, unit, usual, least, most, actions, softShare, keptBy, doc, effect } = limitRow(name);
    return [
      `\`${wireName}\``,
      doc,
      amount(notation, unit, usual),
      `${amount(notation, unit, least)} to ${amount(notation, unit, most)}`,
      softShare === undefined ? "-" : `${softShare * 100} %`,
      actions.map((action) => `\`${action}\``).join(", "),
      effect,
      keptBy,
    ];
  });
}

function tenantRows({ tenantLimitNames, tenantLimitRow, ...notation }) {
  return tenantLimitNames.map((name) => {
    const { wireName, unit, usual, most, keptAt, doc } = tenantLimitRow(name);
    const at = { deploy: "as a service begins to live", call: "as a message comes", write: "as something is written" }[
      keptAt
    ];
    return [`\`${wireName}\``, doc, usual === most ? "none" : amount(notation, unit, usual), at];
  });
}

function amount({ formatByteSize, formatDuration }, unit, value) {
  if (unit === "bytes") return formatByteSize(value);
  if (unit === "ms") return formatDuration(value);
  return unit === "percent" ? `${value}%` : value.toLocaleString("en");
}

const overcommit = (numbers, of) =>
  numbers.find(({ name }) => name === `overcommitDefaults.${of}`).value.toLocaleString("en");

function table(headings, rows) {
  const line = (cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)].join("\n");
}

/** A machine's states and transitions as a Mermaid diagram. */
function diagram({ config }) {
  const lines = [`  [*] --> ${config.initial}`];
  for (const [state, { on = {} }] of Object.entries(config.states)) {
    for (const [event, transitions] of Object.entries(on)) {
      for (const { target = state, guard } of [transitions].flat()) {
        lines.push(`  ${state} --> ${target}: ${event}${guard === undefined ? "" : ` [${guard}]`}`);
      }
    }
  }
  return ["```mermaid", "stateDiagram-v2", ...lines, "```"].join("\n");
}
