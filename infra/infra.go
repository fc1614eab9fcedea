// Package infra carries the files that the local stack is built from, so that the binary works from
// any folder: the Maven projects that pin Spark, Delta and Kafka, and the configuration of both
// servers, each line with its reason.
package infra

import "embed"

// Files holds, by their paths in this folder:
//
//	runtime/               a Maven project with one module per server
//	kafka/server.properties  a text/template, see internal/local
//	spark/spark.properties   Spark's configuration, key=value
//	spark/Connect.java       its main class
//	{kafka,spark}/jvm.options, log4j2.properties, classes.lst.gz
//
//go:embed runtime kafka spark
var Files embed.FS

// Targets holds targets/NAME.yaml, the places that a lakehouse can be deployed to or run on; see
// internal/target.
//
//go:embed targets
var Targets embed.FS
