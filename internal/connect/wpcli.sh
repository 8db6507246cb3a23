tab=$(printf '\t')
newline='
'
failed=0

say() { printf 'drover: %s\n' "$*" >&2; }

# One cell of CSV, in quotes.
cell() { printf '"'; printf '%s' "$1" | sed 's/"/""/g'; printf '"'; }

# Takes off blanks at the ends, quotes around, and a carriage return that an editor on Windows left.
trim() {
	text=${1%"$(printf '\r')"}
	text=${text#"${text%%[! $tab]*}"}
	text=${text%"${text##*[! $tab]}"}
	case $text in
	\"*\") text=${text#?}; text=${text%?} ;;
	esac
}

# The last line of what WP-CLI prints: PHP prints its notices above it.
last_line() {
	text=${1%"$newline"}
	text=${text##*"$newline"}
}

# site ADDRESS [WHERE [USER]]
site() {
	trim "${1-}"; address=$text
	trim "${2-}"; where=$text
	trim "${3-}"; login=${text:-$user}
	case $address in
	'' | '#'*) return ;;
	/* | [~]* | ./* | @* | --ssh=* | *@*) where=${where:-$address}; address= ;;
	esac
	shown=${address:-$where}
	case $where in
	'') set -- "--url=$address" ;;
	/* | ./*) set -- "--path=$where" ;;
	[~]/*) set -- "--path=$HOME/${where#??}" ;;
	@*) set -- "$where" ;;
	--ssh=-* | *[:/@]-*) say "$shown: no host begins with a hyphen"; failed=$((failed + 1)); return ;;
	--ssh=*) set -- "$where" ;;
	-*) say "$shown: no host begins with a hyphen"; failed=$((failed + 1)); return ;;
	*) set -- "--ssh=$where" ;;
	esac
	if [ -n "$where" ] && [ -n "$address" ]; then
		set -- "$@" "--url=$address"
	fi
	create "$@" || { say "$shown: no password was created"; failed=$((failed + 1)); }
}

# Creates a password on the site that WP-CLI finds by these arguments, and prints its line.
create() {
	if [ -z "$address" ]; then
		out=$($wp "$@" option get home </dev/null) || return 1
		last_line "$out"; address=$text
	fi
	if [ -z "$login" ]; then
		out=$($wp "$@" user list --role=administrator --field=user_login --number=1 </dev/null) || return 1
		last_line "$out"; login=$text
	fi
	case $login in
	'' | -*) say "$shown: no user to create a password for"; return 1 ;;
	esac
	if $wp "$@" user application-password exists "$login" "$name" </dev/null >/dev/null 2>&1; then
		say "$shown: $login already has a password named $name; skipped. To create another, delete that one first"
		return 0
	fi
	out=$($wp "$@" user application-password create "$login" "$name" --porcelain </dev/null) || return 1
	last_line "$out"; password=$text
	case $password in
	'' | *[!A-Za-z0-9\ ]*) say "$shown: WP-CLI printed no password"; return 1 ;;
	esac
	cell "$address"; printf ,; cell "$login"; printf ',"%s",' "$password"; cell "$client"; printf ,; cell "$tags"; printf '\n'
	password='' out=''
}

# Reads a list: ADDRESS, WHERE, USER, one site to a line.
sites() {
	while IFS=",;$tab" read -r first second third rest <&3 || [ -n "$first" ]; do
		site "$first" "$second" "$third"
		first=
	done
}

if [ -t 1 ]; then
	say 'The lines below hold passwords. Better send them on: sh FILE | drover sites import -'
fi
umask 077
echo url,username,application_password,client,tags
