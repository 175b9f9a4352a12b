#!/bin/sh
# A Parley bot with nothing but a POSIX shell and curl: answers "!ping" with "pong".
#
#   curl-bot.sh [http://127.0.0.1:8080 [ROOM]]
#
# Signs in with the token in PARLEY_TOKEN, or else as a guest named by BOT_NAME. It follows the room's event stream, comes back after a
# lost connection exactly where it was, and answers each ping once: the id of the ping is the client_id of its answer.
set -eu

# Started without standard error, input or output, as some supervisors do: what is printed there goes nowhere, and is no failure.
(exec 3>&2) || exec 2> /dev/null
(exec 3>&1) 2> /dev/null || exec > /dev/null
(exec 3<&0) 2> /dev/null || exec < /dev/null

server=${1:-http://127.0.0.1:8080}
room_name=${2:-general}
bot_name=${BOT_NAME:-pingbot}

work=$(mktemp -d)           # holds the token: only we may read it
stream=''                   # the curl that follows the stream
trap '[ -z "$stream" ] || kill "$stream" 2> /dev/null; rm -rf "$work"' EXIT
trap 'exit 0' INT TERM
umask 077

# A string as JSON.
json() { printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"; }

# call TYPE DATA: prints the reply's JSON. The token comes from a file, never from the arguments, which ps(1) shows to everybody.
# What can succeed later is tried again, up to ten times and when the server says: all commands used here can be repeated without harm.
call() {
	for pause in 1 2 4 8 15 15 15 15 15 15; do
		reply=$(curl --silent --show-error --max-time 30 --config "$work/curl" --header 'Content-Type: application/json' --data-binary "$2" "$server/api/v1/$1") ||
			reply='{"type":"error","data":{"code":"no_answer","retryable":true}}'
		# Within a string the quotes would be escaped.
		case $reply in *'"retryable":true'*) ;; *) break ;; esac
		asked_ms=$(printf '%s' "$reply" | tr ',{}' '\n\n\n' | sed -n 's/^"retry_after_ms":\([0-9]*\)$/\1/p' | head -n 1)
		[ -z "$asked_ms" ] || pause=$(((asked_ms + 999) / 1000))
		sleep "$pause"
	done
	printf '%s' "$reply"
}

# What the server said, for a terminal: printable ASCII only, so that nothing of it is obeyed.
plain() { LC_ALL=C tr -cd '\040-\176'; }

# member NAME: the first "NAME":"value" of the JSON on stdin. Ids and tokens hold no escapes, so this is exact for them.
member() { tr ',{}' '\n\n\n' | sed -n "s/^\"$1\":\"\\([^\"]*\\)\"\$/\\1/p" | head -n 1; }

: > "$work/curl"
token=${PARLEY_TOKEN:-}
if [ -z "$token" ]; then
	token=$(call session.start "{\"guest\":$(json "$bot_name")}" | member token)
	[ -n "$token" ] || { echo "curl-bot: cannot sign in as a guest" >&2; exit 1; }
fi
printf 'header = "Authorization: Bearer %s"\n' "$token" > "$work/curl"

room=$(call room.join "{\"room\":$(json "$room_name")}")
room_id=$(printf '%s' "$room" | member id)
last_seq=$(printf '%s' "$room" | tr ',{}' '\n\n\n' | sed -n 's/^"last_seq":\([0-9]*\)$/\1/p' | head -n 1)
[ -n "$room_id" ] || { echo "curl-bot: cannot join $room_name: $(printf '%s' "$room" | plain)" >&2; exit 1; }
echo "$room_id:$last_seq" > "$work/cursor"
echo "curl-bot: listening in $room_name" >&2

# One line of the stream after the other: "id: CURSOR", "event: TYPE", "data: JSON", and an empty line when the event is complete.
follow() {
	id='' data=''
	while IFS= read -r line; do
		case $line in
		'id: '*) id=${line#id: } ;;
		'data: '*) data=${line#data: } ;;
		'')
			case $data in
			# A quote inside a text would be escaped: this matches the text "!ping" and nothing else.
			'{"type":"message.created",'*[,{]'"text":"!ping"'[,}]*)
				reply=$(call message.send "{\"room\":\"$room_id\",\"text\":\"pong\",\"client_id\":\"$(printf '%s' "$data" | member id)\"}")
				case $reply in
				*'"retryable":true'*) return 1 ;; # the stream is followed anew from before this ping
				'{"type":"error"'*) echo "curl-bot: answer refused: $(printf '%s' "$reply" | plain)" >&2 ;;
				esac
				;;
			esac
			[ -z "$id" ] || echo "$id" > "$work/cursor" # only now is the event done
			id='' data=''
			;;
		esac
	done
}

mkfifo "$work/stream"
while :; do
	rm -f "$work/head"
	# The server sends a comment every 25 seconds: a minute without a byte means that the connection is dead.
	curl --silent --show-error --fail --no-buffer --speed-limit 1 --speed-time 60 --config "$work/curl" --dump-header "$work/head" \
		--header "Last-Event-ID: $(cat "$work/cursor")" "$server/api/v1/events?room=$room_id" > "$work/stream" &
	stream=$!
	follow < "$work/stream" &
	wait $! || true # a signal ends this wait, but would not end a pipeline in the foreground
	kill "$stream" 2> /dev/null || true # it may still follow, when it was the other end that gave up
	# What is refused for good, as to a token that was revoked, is asked for no more. 429 asks for patience.
	case $(sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p' "$work/head" 2> /dev/null) in
	429) ;;
	4??) echo "curl-bot: the server refuses the stream of $room_name" >&2; exit 1 ;;
	esac
	sleep 2
done
