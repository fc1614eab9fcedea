# The image of the Spark Connect server: the jars that infra/runtime pins, and Spark's configuration
# as lakectl runs it locally.
# Built from the repository's root: docker build -f infra/docker/spark.Dockerfile .

FROM maven:3.9.9-eclipse-temurin-17 AS jars
WORKDIR /runtime
COPY infra/runtime ./
RUN mvn --batch-mode --no-transfer-progress --projects spark dependency:copy-dependencies

FROM eclipse-temurin:17.0.15_6-jre-noble
LABEL org.opencontainers.image.title="lakectl-spark" \
      org.opencontainers.image.description="Spark Connect with Delta and the Kafka source, for lakectl" \
      org.opencontainers.image.licenses="Apache-2.0"

COPY --from=jars /runtime/spark/jars /opt/spark/jars
COPY infra/spark/Connect.java infra/spark/jvm.options infra/spark/log4j2.properties infra/spark/spark.properties /opt/spark/conf/
COPY infra/docker/spark.sh /opt/spark/start

# A volume mounted on it takes over its owner, who is lakectl's too: both write there.
RUN mkdir /data && chown 65532:65532 /data

USER 65532:65532
WORKDIR /data
EXPOSE 15002
ENTRYPOINT ["bash", "/opt/spark/start"]
