#!/bin/sh
# Notes in shell, kept in the server's store. A question to a driver bears the id of the call that it is asked for, so its answer
# says by itself who waits for it.
say() { printf '%s\n' "$*" >&3; }

while read -r kind id rest <&3; do
  case $kind in
    run) say started write,read - ;;
    call) # ID TIMEOUT_MS METHOD ARGS
      rest=${rest#* }
      args=${rest#* }
      case ${rest%% *} in
        write) say driver "$id" 0 kv put "$args" ;; # TITLE, NOTE
        read) say driver "$id" 0 kv get "$args" ;; # TITLE
        *) say error "$id" unknown-method ;;
      esac
      ;;
    answer) say reply "$id" "$rest" ;; # ID VALUE
    refusal) say error "$id" "$rest" ;; # ID REASON MESSAGE
    stop) exit 0 ;;
  esac
done
