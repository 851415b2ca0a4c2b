import type { Command } from "commander";
import { examples } from "../help-examples.ts";
import { listServices } from "../list-services.ts";
import type { Run } from "../session.ts";
import { serviceJson, serviceTable } from "../show/show-service.ts";

/** `solo list`: the tenant's services; with --json one `{"service":...}` a line. */
export function addList(program: Command, run: Run): void {
  program
    .command("list")
    .description("list your services")
    .addHelpText("after", examples("solo list", "solo list --json", "solo list --tenant acme"))
    .action((_options: unknown, command: Command) =>
      run(command, async ({ connect, output, tenant, timeoutMs = 30_000 }) => {
        const solo = await connect();
        const services = await listServices(solo, { tenant, timeoutMs });
        if (services.length === 0) {
          output.note("No services. Deploy one: solo deploy FILE");
        } else if (output.isJson) {
          for (const service of services) output.result({ service: serviceJson(service) }, () => "");
        } else {
          output.result({}, () => serviceTable(services, output.paint));
        }
      }),
    );
}
