import os


def login_module() -> str:
    """The class that logs in. Databricks ships the Kafka client under a package name of its own."""
    package = "org.apache.kafka.common.security"
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        package = "kafkashaded." + package
    return f"{package}.plain.PlainLoginModule" if kafka_mechanism == "PLAIN" else f"{package}.scram.ScramLoginModule"


def jaas_text(text: str) -> str:
    """The text as a quoted value of a JAAS configuration."""
    escapes = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r"}
    return '"' + "".join(escapes.get(character, character) for character in text) + '"'


def kafka_connection() -> dict:
    """How the brokers are reached. The login stays in the secret scope until it is needed, and is never printed."""
    if not brokers:
        raise ValueError("say where Kafka is in the widget brokers, or where files with its records are in source_path")
    options = {"kafka.bootstrap.servers": brokers, "kafka.security.protocol": kafka_security_protocol}
    if kafka_security_protocol.startswith("SASL"):
        username = jaas_text(dbutils.secrets.get(secret_scope, "kafka-username"))
        password = jaas_text(dbutils.secrets.get(secret_scope, "kafka-password"))
        options["kafka.sasl.mechanism"] = kafka_mechanism
        options["kafka.sasl.jaas.config"] = f"{login_module()} required username={username} password={password};"
    return options
