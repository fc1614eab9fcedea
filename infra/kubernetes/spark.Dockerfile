# Spark as it comes from Apache, with what it lacks: Delta, the Kafka source, and the object store's client.
# Built from the repository's root: docker build -f infra/kubernetes/spark.Dockerfile .

FROM maven:3.9.9-eclipse-temurin-17 AS jars
WORKDIR /runtime
COPY infra/runtime ./
RUN mvn --batch-mode --no-transfer-progress --projects spark dependency:copy-dependencies
# Their versions are those that Spark's own Hadoop and Scala ask for.
RUN mvn --batch-mode --no-transfer-progress dependency:copy -Dartifact=org.apache.hadoop:hadoop-aws:3.4.1 -DoutputDirectory=/store \
 && mvn --batch-mode --no-transfer-progress dependency:copy -Dartifact=software.amazon.awssdk:bundle:2.24.6 -DoutputDirectory=/store \
 && mvn --batch-mode --no-transfer-progress dependency:copy -Dartifact=org.apache.spark:spark-hadoop-cloud_2.13:4.0.1 -DoutputDirectory=/store

FROM apache/spark:4.0.1-scala2.13-java17-ubuntu
LABEL org.opencontainers.image.title="lakectl-spark-kubernetes" \
      org.opencontainers.image.description="Spark with Delta, the Kafka source and S3, as driver and executor" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=jars /runtime/spark/jars/delta-*.jar \
     /runtime/spark/jars/spark-sql-kafka-*.jar /runtime/spark/jars/spark-token-provider-kafka-*.jar \
     /runtime/spark/jars/kafka-clients-*.jar /runtime/spark/jars/commons-pool2-*.jar /store/*.jar /opt/spark/jars/
USER 185:185
