%% The workloads on the BEAM: erl -noshell +S 1 -pa DIR -s anchors main WORKLOAD REPETITIONS
%% prints {"samples":[...],"extra":[...]}, nanoseconds per operation and bytes per actor, as one line of JSON.
-module(anchors).
-behaviour(gen_server).
-export([main/1, ring/1, counter/2, start_child/1]).
-export([init/1, handle_call/3, handle_cast/2, handle_info/2]).

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

init({supervisor, Owner}) ->
    {ok, {#{strategy => one_for_one, intensity => 1000000, period => 1},
          [#{id => child, start => {?MODULE, start_child, [Owner]}}]}};
init({child, Owner}) -> Owner ! {up, self()}, {ok, 0};
init([]) -> {ok, 0}.

handle_call(get, _, N) -> {reply, N, N}.

handle_cast(inc, N) -> {noreply, N + 1};
handle_cast(throw, _) -> error(boom);
handle_cast(exit, _) -> exit(boom).

handle_info(_, N) -> {noreply, N}.
