import {
  type ActorSystem,
  type Alias,
  type Call,
  Cast,
  createAlias,
  Down,
  Exit,
  type ExitReason,
  type MonitorRef,
  type Pid,
  type ProcessHandler,
  type ProcessName,
  processName,
  type ReplyTo,
  type Self,
  type StartResult,
  sendEvery,
  type Target,
} from "../index.ts";

// Compiled, never run. A line under @ts-expect-error must not compile.

declare const system: ActorSystem;

type Command = { readonly kind: "print"; readonly text: string } | { readonly kind: "clear" };
type Get = Call<{ readonly kind: "get" }, number>;
type Name = Call<{ readonly kind: "name" }, string>;

// A pid takes what its handler says it takes.

export function handlers(other: Pid): void {
  const printer = system.spawn({ handle(_message: Command) {} });
  system.send(printer, { kind: "clear" });
  system.sendAfter(10, printer, { kind: "print", text: "later" });
  // @ts-expect-error there is no such command
  system.send(printer, { kind: "prnt", text: "x" });
  // @ts-expect-error the text is missing
  system.send(printer, { kind: "print" });
  // @ts-expect-error a timer sends what could be sent
  sendEvery(system, 10, printer, "tick");
  // @ts-expect-error it answers no calls
  system.call(printer, "anything");
  // @ts-expect-error it takes no casts
  system.cast(printer, "anything");

  const withSelf = system.spawn({ handle: (_message: Command, self: Self) => self.exit(Exit.normal) });
  // @ts-expect-error there is no such command
  system.send(withSelf, "clear");

  const unchecked = system.spawn({ handle() {} });
  system.send(unchecked, { any: "thing" });
  system.send(other, { any: "thing" });
  const answer: Promise<unknown> = system.call(unchecked, 1);
  void answer;
}

// A script says it by its parameter.

export function scripts(): void {
  const script = system.spawn(async (self: Self<"start" | number>) => {
    const first: "start" | number = await self.receive();
    const number: number = await self.receive((message) => typeof message === "number");
    // @ts-expect-error it gets no booleans
    const flag: boolean = await self.receive();
    self.send(self.pid, "start");
    // @ts-expect-error it takes no other text
    self.send(self.pid, "stop");
    const alias: Alias<"start"> = createAlias(self);
    // @ts-expect-error nor through an alias
    self.send(alias, "stop");
    void [first, number, flag];
  });
  system.send(script, 7);
  // @ts-expect-error it takes no other text
  system.send(script, "stop");

  const plain = system.spawn(async (self) => {
    const message: unknown = await self.receive();
    const text: string = await self.receive((found) => typeof found === "string");
    void [message, text];
  });
  system.send(plain, "anything");
}

// Calls are answered with what the question asks for.

export async function calls(): Promise<void> {
  const server = system.spawn({
    handle(message: Get | Name | Cast<"reset">) {
      if (message instanceof Cast) {
        const request: "reset" = message.request;
        void request;
      }
    },
  });
  const count: number = await system.call(server, { kind: "get" });
  const name: string = await system.call(server, { kind: "name" }, { timeoutMs: 10 });
  system.cast(server, "reset");
  // @ts-expect-error the answer is a number
  const wrong: string = await system.call(server, { kind: "get" });
  // @ts-expect-error there is no such question
  await system.call(server, { kind: "size" });
  // @ts-expect-error there is no such cast
  system.cast(server, "stop");
  // @ts-expect-error a call's answer is no plain message
  system.send(server, 1);
  void [count, name, wrong];

  const asked = async (question: { readonly kind: "get" } | { readonly kind: "name" }): Promise<number | string> =>
    system.call(server, question);
  void asked;
}

export function answers(from: ReplyTo<number>, unchecked: ReplyTo): void {
  from.reply(1);
  // @ts-expect-error the answer is a number
  from.reply("one");
  unchecked.reply("anything");
  const mixed: readonly ReplyTo[] = [from, unchecked];
  void mixed;
}

// What takes more stands for what takes less; unchecked ones fit both ways.

export function variance(both: Pid<"a" | "b">, one: Pid<"a">, number: Pid<number>, unchecked: Pid): void {
  const less: Pid<"a"> = both;
  const none: Pid<never> = number;
  const widened: readonly Pid[] = [both, one, number, unchecked];
  const narrowed: Pid<"a"> = unchecked;
  const target: Target<"a"> = both;
  const any: Target = both;
  // @ts-expect-error it does not take "b"
  const more: Pid<"a" | "b"> = one;
  // @ts-expect-error it takes numbers
  const text: Pid<string> = number;
  // @ts-expect-error nor as a target
  const noTarget: Target<"b"> = one;
  void [less, none, widened, narrowed, target, any, more, text, noTarget, one === both, new Map<Pid, 1>().get(one)];
}

export function generic<M>(pid: Pid<M>, self: Self<M>, target: Target<M>): Self {
  const unchecked: Pid = pid;
  self.link(pid);
  system.exitSignal(target, Exit.kill);
  system.exitSignal(unchecked, Exit.kill);
  return self;
}

export function bodies(handler: ProcessHandler<"a" | "b">): void {
  const pid: Pid<"a" | "b"> = system.spawn(handler);
  const expected: Pid<number> = system.spawn({ handle: (message) => void message.toFixed() });
  // @ts-expect-error it does not take everything
  const unchecked: ProcessHandler = handler;
  void [pid, expected, unchecked];
}

// A name says what its holder understands.

const printerName = processName<Command>("printer");

export function names(printer: Pid<Command>, plain: ProcessName, unchecked: Pid): void {
  system.send(printerName, { kind: "clear" });
  // @ts-expect-error its holder does not understand that
  system.send(printerName, "clear");
  system.send("anybody", "anything");
  system.send(plain, "anything");
  const text: string = printerName;
  const holder: Pid<Command> | undefined = system.whereis(printerName);

  system.register(printerName, printer);
  system.register(printerName, unchecked);
  system.register("anybody", printer);
  // @ts-expect-error the holder must understand what the name promises
  system.register(printerName, system.spawn({ handle(_message: { readonly kind: "clear" }) {} }));

  system.spawn({ handle(_message: Command | number) {} }, { name: printerName });
  system.spawn({ handle() {} }, { name: printerName });
  system.spawn({ handle(_message: Command) {} }, { name: "anybody", label: "for people" });
  // @ts-expect-error the holder must understand what the name promises
  system.spawn({ handle(_message: number) {} }, { name: printerName });
  // @ts-expect-error also when it is started
  void system.start(async (_self: Self<number>) => {}, { name: printerName });
  void [text, holder];
}

export async function starts(self: Self): Promise<void> {
  const result = await self.start({ handle(_message: Command) {} }, { monitor: true });
  if (result.kind === "ok") {
    self.send(result.pid, { kind: "clear" });
    // @ts-expect-error there is no such command
    self.send(result.pid, "clear");
    const monitor: MonitorRef<Pid> | undefined = result.monitor;
    void monitor;
  }
  const unchecked: StartResult = result;
  void unchecked;
}

// A monitor and its notice know what was watched; reasons narrow.

export function ends(self: Self, pid: Pid<Command>): void {
  const byPid: MonitorRef<Pid<Command>> = self.monitor(pid);
  const byName: MonitorRef<string> = self.monitor("printer");
  const notice = new Down(byPid, pid, Exit.normal);
  self.send(notice.target, { kind: "clear" });
  void byName;
}

export function reasons(reason: ExitReason): string {
  const custom: number = Exit.of(7).value;
  const detail: string = Exit.shutdownFor("update").detail;
  // @ts-expect-error it is a number
  const wrong: string = Exit.of(7).value;
  void [custom, detail, wrong];
  switch (reason.kind) {
    case "bad-return":
      return reason.callback;
    case "crash":
      return String(reason.error);
    case "custom":
      return String(reason.value);
    case "aborted":
      return String(reason.cause);
    case "shutdown":
      return String(reason.detail);
    case "normal":
    case "kill":
    case "killed":
    case "noproc":
    case "noconnection":
    case "timeout":
    case "calling-self":
      return reason.kind;
  }
}
