# Starts the Spark Connect server of spark.Dockerfile: the class, options and properties that
# internal/local starts it with, but for the address it listens on.
#
#   SPARK_CONNECT_AUTHENTICATE_TOKEN  bearer token of every call; needed
#   SPARK_HEAP_MB                     largest heap, 2048
#   SPARK_PORT                        15002
#   SPARK_DATA                        lakectl's data dir, /data
set -eu

if [ -z "${SPARK_CONNECT_AUTHENTICATE_TOKEN:-}" ]; then
	echo "error: SPARK_CONNECT_AUTHENTICATE_TOKEN is empty" >&2
	echo "hint: put a long random one, of letters and digits, into .env; see .env.example" >&2
	exit 1
fi

spark=$(cd "$(dirname "$0")" && pwd)
data=${SPARK_DATA:-/data}

# What a killed server left there is of no use.
rm -rf "$data/spark/tmp"
mkdir -p "$data/spark/tmp" "$data/logs"

# java reads options from files, one a line, and knows comments; properties become -D options.
sed -n 's/^[a-z][^=]*=.*/-D&/p' "$spark/conf/spark.properties" >"$data/spark/spark.args"

# Little of the environment changes anything: of two values the last one counts.
export SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_DIRS="$data/spark/tmp" LC_ALL=C.UTF-8
unset JAVA_TOOL_OPTIONS
exec java "@$spark/conf/jvm.options" "@$data/spark/spark.args" \
	"-Xmx${SPARK_HEAP_MB:-2048}m" \
	"-Djava.io.tmpdir=$data/spark/tmp" \
	"-XX:ErrorFile=$data/logs/spark-crash.log" \
	"-Dlog4j2.configurationFile=$spark/conf/log4j2.properties" \
	"-Dspark.connect.grpc.binding.address=0.0.0.0" \
	"-Dspark.connect.grpc.binding.port=${SPARK_PORT:-15002}" \
	"-Dspark.sql.warehouse.dir=$data/warehouse" \
	-cp "$spark/jars/*" org.codehaus.janino.SimpleCompiler "$spark/conf/Connect.java" Connect
