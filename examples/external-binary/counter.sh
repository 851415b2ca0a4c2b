#!/bin/sh
# A counter in shell: lines of words on descriptor 3. `read` parts a line at its spaces, the last name takes the rest.
count=0
trace=

say() { printf '%s\n' "$*" >&3; }

while read -r kind first second third rest <&3; do
  case $kind in
    run) # ARGS: the arguments of `solo deploy --arg`, a JSON array
      echo "counting from $count"
      say started add,count,fail reset
      ;;
    trace) # ID TRACEPARENT, before the call or cast of this id, where somebody follows it
      trace=$second
      continue
      ;;
    call) # ID TIMEOUT_MS METHOD ARGS
      case $third in
        add)
          by=${rest#[}
          count=$((count + ${by%]}))
          [ -z "$trace" ] || say traced "$trace" log info "counted to $count"
          say reply "$first" "$count"
          ;;
        count) say reply "$first" "$count" ;;
        fail) exit 7 ;;
        *) say error "$first" unknown-method ;;
      esac
      ;;
    cast) # ID METHOD ARGS
      [ "$second" = reset ] && count=0
      say handled "$first"
      ;;
    stop) exit 0 ;;
  esac
  trace=
done
