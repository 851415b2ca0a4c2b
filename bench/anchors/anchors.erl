%% The workloads on the BEAM: erl -noshell +S 1 -pa DIR -s anchors main WORKLOAD REPETITIONS
%% prints {"samples":[...],"extra":[...]}, nanoseconds per operation and bytes per actor, as one line of JSON.
%% With `growth SUBJECT REPETITIONS`: what growth.mjs prints, so far as there is such a thing.
-module(anchors).
-behaviour(gen_server).
-export([main/1, ring/1, counter/2, start_child/1, start_worker/1, worker/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

main([growth, Subject, Repetitions]) ->
    logger:set_primary_config(level, none),
    Rows = fresh(fun() -> growth(Subject, list_to_integer(atom_to_list(Repetitions))) end),
    io:format("[~s]~n", [lists:join(",", Rows)]),
    halt();
main([Workload, Repetitions]) ->
    logger:set_primary_config(level, none),
    N = size_of(Workload),
    _ = fresh(fun() -> run(Workload, max(N div 5, 10)) end),
    Rows = [fresh(fun() -> run(Workload, N) end) || _ <- lists:seq(1, list_to_integer(atom_to_list(Repetitions)))],
    Samples = [case Row of {Time, _} -> Time; Time -> Time end / N || Row <- Rows],
    Extra = [Bytes || {_, Bytes} <- Rows],
    io:format("{\"samples\":~s,\"extra\":~s}~n", [array(Samples), array(Extra)]),
    halt().

%% Each repetition in a process of its own, so that no heap is carried over.
fresh(Fun) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit({result, Fun()}) end),
    receive {'DOWN', Monitor, process, Pid, {result, Result}} -> Result end.

array(Numbers) -> ["[", lists:join(",", [io_lib:format("~.1f", [Number * 1.0]) || Number <- Numbers]), "]"].

size_of(create) -> 100000;
size_of(call) -> 200000;
size_of(restart_throw) -> 200;
size_of(restart_exit) -> 200;
size_of(monitor) -> 1000;
size_of(_) -> 1000000.

timed(Fun) ->
    Start = erlang:monotonic_time(nanosecond),
    Fun(),
    erlang:monotonic_time(nanosecond) - Start.

await(Message) -> receive Message -> ok end.

run(pingpong, N) ->
    Me = self(),
    Echo = spawn(fun() -> pong() end),
    Asker = spawn(fun() -> receive go -> ping(N div 2, Echo) end, Me ! done, Echo ! stop end),
    timed(fun() -> Asker ! go, await(done) end);
run(ring, N) ->
    Me = self(),
    Pids = [spawn(?MODULE, ring, [Me]) || _ <- lists:seq(1, 100)],
    lists:foreach(fun({Pid, Next}) -> Pid ! {next, Next} end, lists:zip(Pids, tl(Pids) ++ [hd(Pids)])),
    Time = timed(fun() -> hd(Pids) ! {hop, N}, await(done) end),
    [exit(Pid, kill) || Pid <- Pids],
    Time;
run(flood, N) ->
    Counter = spawn(?MODULE, counter, [0, self()]),
    timed(fun() -> flood(Counter, N), Counter ! get, receive {count, N} -> ok end end);
run(cast, N) ->
    {ok, Server} = gen_server:start(?MODULE, [], []),
    Time = timed(fun() -> casts(Server, N), N = gen_server:call(Server, get, infinity) end),
    gen_server:stop(Server),
    Time;
run(call, N) ->
    {ok, Server} = gen_server:start(?MODULE, [], []),
    Time = timed(fun() -> calls(Server, N) end),
    gen_server:stop(Server),
    Time;
run(create, N) ->
    Me = self(),
    erlang:garbage_collect(),
    Before = erlang:memory(processes),
    Start = erlang:monotonic_time(nanosecond),
    Pids = [spawn(fun() -> receive {go, To} -> To ! done end end) || _ <- lists:seq(1, N)],
    Spawned = erlang:monotonic_time(nanosecond) - Start,
    Bytes = (erlang:memory(processes) - Before) / N,
    {Spawned + timed(fun() -> [Pid ! {go, Me} || Pid <- Pids], [await(done) || _ <- Pids] end), Bytes};
run(restart_throw, N) -> restarts(throw, N);
run(restart_exit, N) -> restarts(exit, N);
run(monitor, N) ->
    Watched = [spawn_monitor(fun() -> await(die), exit(crash) end) || _ <- lists:seq(1, N)],
    timed(fun() -> [begin Pid ! die, receive {'DOWN', Monitor, _, _, _} -> ok end end || {Pid, Monitor} <- Watched] end).

%% What an operation costs among a thousand, ten thousand and so on, each in turn with a population of a thousand.

growth(Subject, Repetitions) ->
    {What, Each, Sizes} = subject(Subject),
    {Population, _} = grow(Subject, populate(Subject), 0, 1000),
    Small = case is_global(Subject) of
                true -> lists:nth(Repetitions div 2 + 1, lists:sort([operate(Subject, Population, Each, 1000) || _ <- lists:seq(1, Repetitions)]));
                false -> Population
            end,
    measure(Subject, What, Each, Sizes, Repetitions, Small, populate(Subject), 0).

%% All processes and all names are in one table: among fewer is what it cost when there were fewer.
is_global(Subject) -> lists:member(Subject, [actors, names]).

subject(actors) -> {"actors alive", 5000, [1000, 10000, 100000, 1000000]};
subject(mailbox) -> {"messages waiting", 1000000, [1000, 10000, 100000, 1000000]};
subject(names) -> {"names held", 10000, [1000, 10000, 100000, 1000000]};
subject('dynamicSupervisor') -> {"children of a DynamicSupervisor", 1000, [1000, 10000, 100000]};
subject(supervisor) -> {"children of a Supervisor", 1000, [1000, 10000, 100000]}.

measure(_, _, _, [], _, _, _, _) -> [];
measure(Subject, What, Each, [Size | Sizes], Repetitions, Small, Growing, From) ->
    {Grown, Next} = grow(Subject, Growing, From, Size),
    erlang:garbage_collect(),
    Fewer = fun() -> case is_global(Subject) of true -> Small; false -> operate(Subject, Small, Each, 1000) end end,
    Rounds = [case Round rem 2 of
                  0 -> Many = operate(Subject, Grown, Each, Size), {Many, Fewer()};
                  _ -> Few = Fewer(), {operate(Subject, Grown, Each, Size), Few}
              end || Round <- lists:seq(-1, Repetitions)],
    [_, _ | Kept] = Rounds,
    Names = [Name || {Name, _} <- element(1, hd(Kept))],
    Of = fun(Name, Place) -> array([proplists:get_value(Name, element(Place, Round)) / Each || Round <- Kept]) end,
    [io_lib:format("{\"name\":\"~s, ~s\",\"size\":~b,\"samples\":~s,\"fewer\":~s}",
                   [Name, What, Size, Of(Name, 1), Of(Name, 2)]) || Name <- Names]
        ++ measure(Subject, What, Each, Sizes, Repetitions, Small, Grown, Next).

populate(mailbox) -> none;
populate(actors) -> none;
populate(names) -> [{N, spawn(fun idle/0)} || N <- lists:seq(1, 10000)];
populate(Kind) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {Kind, none}),
    Supervisor.

grow(Subject, Population, From, To) ->
    [add(Subject, Population, N) || N <- lists:seq(From + 1, To)],
    {Population, To}.

add(actors, _, _) -> spawn(fun idle/0);
add(mailbox, _, _) -> ok;
%% There is but one register for both populations, as for all of Erlang.
add(names, _, N) ->
    Name = list_to_atom("name-" ++ integer_to_list(N)),
    case whereis(Name) of undefined -> register(Name, spawn(fun idle/0)); _ -> ok end;
add(Kind, Supervisor, N) -> started(start_one(Kind, Supervisor, {kept, N})).

operate(actors, _, Each, _) ->
    Me = self(),
    [{"spawn + message + exit", timed(fun() ->
        [spawn(fun() -> receive go -> Me ! gone end end) ! go || _ <- lists:seq(1, Each)],
        [await(gone) || _ <- lists:seq(1, Each)]
    end)}];
operate(mailbox, _, Each, Size) ->
    Me = self(),
    Reader = spawn(fun() -> reader(Me) end),
    Time = timed(fun() -> [begin fill(Reader, Size), await(emptied) end || _ <- lists:seq(1, Each div Size)] end),
    exit(Reader, kill),
    [{"send + handle", Time}];
operate(names, Others, _, _) ->
    [{"register + send + unregister", timed(fun() -> names(Others) end)}];
operate(Kind, Supervisor, Each, _) ->
    put(children, []),
    Start = timed(fun() -> put(children, [{N, started(start_one(Kind, Supervisor, N))} || N <- lists:seq(1, Each)]) end),
    Stop = timed(fun() -> [stop_one(Kind, Supervisor, Child) || Child <- get(children)] end),
    %% No restarts: each goes through all those of the last whole second, which would be all there is to see.
    [{"start", Start}, {"stop", Stop}].

%% A name that is put together has to be looked for among all names first, as a text has anywhere.
names([]) -> ok;
names([{N, Pid} | Others]) ->
    Name = list_to_atom("other-" ++ integer_to_list(N)),
    register(Name, Pid),
    Name ! m,
    unregister(Name),
    names(Others).

idle() -> receive never -> ok; _ -> idle() end.

%% Sends all before the reader takes one: with one scheduler it would otherwise empty its mailbox now and then.
fill(Reader, 1) -> Reader ! last;
fill(Reader, N) -> Reader ! N, fill(Reader, N - 1).

reader(Owner) -> receive last -> Owner ! emptied, reader(Owner); _ -> reader(Owner) end.

start_one(supervisor, Supervisor, Id) ->
    supervisor:start_child(Supervisor, #{id => Id, start => {?MODULE, start_worker, [self()]}});
start_one('dynamicSupervisor', Supervisor, _) -> supervisor:start_child(Supervisor, [self()]).

started({ok, Pid}) -> receive {up, Pid} -> Pid end.

stop_one(supervisor, Supervisor, {Id, _}) ->
    ok = supervisor:terminate_child(Supervisor, Id),
    ok = supervisor:delete_child(Supervisor, Id);
stop_one('dynamicSupervisor', Supervisor, {_, Pid}) -> ok = supervisor:terminate_child(Supervisor, Pid).

start_worker(Owner) -> proc_lib:start_link(?MODULE, worker, [Owner]).

worker(Owner) -> proc_lib:init_ack({ok, self()}), Owner ! {up, self()}, idle().

ping(0, _) -> ok;
ping(N, Echo) -> Echo ! {ping, self()}, receive pong -> ping(N - 1, Echo) end.

pong() -> receive {ping, From} -> From ! pong, pong(); stop -> ok end.

ring(Owner) -> receive {next, Next} -> ring(Owner, Next) end.

ring(Owner, Next) ->
    receive
        {hop, 0} -> Owner ! done, ring(Owner, Next);
        {hop, N} -> Next ! {hop, N - 1}, ring(Owner, Next)
    end.

flood(_, 0) -> ok;
flood(Counter, N) -> Counter ! inc, flood(Counter, N - 1).

counter(N, Owner) -> receive inc -> counter(N + 1, Owner); get -> Owner ! {count, N} end.

casts(_, 0) -> ok;
casts(Server, N) -> gen_server:cast(Server, inc), casts(Server, N - 1).

calls(_, 0) -> ok;
calls(Server, N) -> _ = gen_server:call(Server, get, 5000), calls(Server, N - 1).

%% Crashes a supervised gen_server and waits for the init of its replacement.
restarts(How, N) ->
    {ok, Supervisor} = supervisor:start_link(?MODULE, {supervisor, self()}),
    First = receive {up, Pid} -> Pid end,
    Time = timed(fun() -> restarts(How, First, N) end),
    unlink(Supervisor),
    exit(Supervisor, kill),
    Time.

restarts(_, _, 0) -> ok;
restarts(How, Pid, N) -> gen_server:cast(Pid, How), receive {up, Next} -> restarts(How, Next, N - 1) end.

start_child(Owner) -> gen_server:start_link(?MODULE, {child, Owner}, []).

init({supervisor, none}) -> {ok, {#{intensity => 1000000, period => 1}, []}};
init({supervisor, Owner}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1},
          [#{id => child, start => {?MODULE, start_child, [Owner]}}]}};
init({'dynamicSupervisor', none}) ->
    {ok, {#{strategy => simple_one_for_one, intensity => 1000000, period => 1},
          [#{id => child, start => {?MODULE, start_worker, []}}]}};
init({child, Owner}) -> Owner ! {up, self()}, {ok, 0};
init([]) -> {ok, 0}.

handle_call(get, _, N) -> {reply, N, N}.

handle_cast(inc, N) -> {noreply, N + 1};
handle_cast(throw, _) -> error(boom);
handle_cast(exit, _) -> exit(boom).

handle_info(_, N) -> {noreply, N}.
