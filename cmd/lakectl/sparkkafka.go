package main

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"github.com/cryptostream/lakectl/internal/exit"
	"github.com/cryptostream/lakectl/producer"
)

// sparkKafkaOptions are the Kafka source's options for the cluster that the producer writes to.
// On Databricks, Spark has Kafka's classes shaded, under a name of theirs.
func sparkKafkaOptions(k producer.KafkaConfig, shaded bool) (map[string]string, error) {
	options := map[string]string{"kafka.bootstrap.servers": joinBrokers(k.Brokers)}
	protocol := ""
	if k.TLS {
		protocol = "SSL"
		if err := sparkTLS(options, k); err != nil {
			return nil, err
		}
	}
	if k.Mechanism != "" {
		protocol = strings.TrimSuffix("SASL_"+protocol, "_")
		if !k.TLS {
			protocol = "SASL_PLAINTEXT"
		}
		options["kafka.sasl.mechanism"] = k.Mechanism
		options["kafka.sasl.jaas.config"] = jaas(k)
		if shaded {
			options["kafka.sasl.jaas.config"] = "kafkashaded." + jaas(k)
		}
	}
	if protocol != "" {
		options["kafka.security.protocol"] = protocol
	}
	return options, nil
}

// jaas is the login in the language of the Java Authentication and Authorization Service.
func jaas(k producer.KafkaConfig) string {
	module := "org.apache.kafka.common.security.scram.ScramLoginModule"
	if k.Mechanism == "PLAIN" {
		module = "org.apache.kafka.common.security.plain.PlainLoginModule"
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)
	return fmt.Sprintf(`%s required username="%s" password="%s";`, module, quote.Replace(k.Username), quote.Replace(k.Password))
}

// sparkTLS passes certificates on as text: Spark may run on another machine.
func sparkTLS(options map[string]string, k producer.KafkaConfig) error {
	if len(k.CA) > 0 {
		options["kafka.ssl.truststore.type"] = "PEM"
		options["kafka.ssl.truststore.certificates"] = string(k.CA)
	}
	if len(k.Cert) == 0 {
		return nil
	}
	key, err := pkcs8(k.Key)
	if err != nil {
		return exit.New(exit.Usage, fmt.Errorf("--kafka-key: %w", err), "give an unencrypted key in PEM: RSA, ECDSA or Ed25519")
	}
	options["kafka.ssl.keystore.type"] = "PEM"
	options["kafka.ssl.keystore.certificate.chain"] = string(k.Cert)
	options["kafka.ssl.keystore.key"] = key
	return nil
}

// pkcs8 returns a private key in the only form that Kafka's Java client reads.
func pkcs8(text []byte) (string, error) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return "", fmt.Errorf("there is no private key in it")
		}
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		default: // the certificate, or the parameters of a curve
			continue
		}
		if err != nil {
			return "", err
		}
		der, err := x509.MarshalPKCS8PrivateKey(key)
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), err
	}
}
