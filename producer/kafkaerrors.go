package producer

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/IBM/sarama"
)

// explain turns an error of sarama's into one for the reader. doing says what was being done.
func explain(doing string, cfg KafkaConfig, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sarama.ErrSASLAuthenticationFailed):
		return failed("check the Kafka user name and password", "%s: kafka at %v refused the login of %q: %w", doing, cfg.Brokers, cfg.Username, err)
	case errors.Is(err, sarama.ErrUnsupportedSASLMechanism):
		return failed("ask the cluster's owner for the mechanism", "%s: kafka at %v knows no login by %s: %w", doing, cfg.Brokers, cfg.Mechanism, err)
	case errors.Is(err, sarama.ErrTopicAuthorizationFailed), errors.Is(err, sarama.ErrClusterAuthorizationFailed):
		return failed("ask the cluster's owner for the right to describe, create and write the topic", "%s: %w", doing, err)
	case errors.Is(err, sarama.ErrInvalidReplicationFactor):
		return failed("a topic can't have more replicas than there are brokers", "%s: %w", doing, err)
	case isCertificate(err):
		return failed("name the authority that signed the brokers' certificates, and use the names in them", "%s: the certificate of kafka at %v is not trusted: %w", doing, cfg.Brokers, err)
	case isTLS(err):
		return failed("check whether that listener speaks TLS, and whether it asks for a certificate", "%s: no TLS connection to kafka at %v: %w", doing, cfg.Brokers, err)
	case errors.Is(err, sarama.ErrOutOfBrokers):
		return failed("check that Kafka runs there and that the listener's security (SASL, TLS) is what it expects", "%s: no answer from Kafka at %v: %w", doing, cfg.Brokers, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// isCertificate says that the brokers' certificate is not trusted here.
func isCertificate(err error) bool {
	var verification *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	return errors.As(err, &verification) || errors.As(err, &unknown) || errors.As(err, &name)
}

// isTLS says that the other side speaks no TLS, or has ended it with an alert.
func isTLS(err error) bool {
	var record tls.RecordHeaderError
	var remote *net.OpError
	return errors.As(err, &record) || errors.As(err, &remote) && remote.Op == "remote error"
}

// Lasting says whether an error of connecting stays until somebody changes a setting, here or there.
// All others may be of a cluster that is about to start.
func Lasting(err error) bool {
	var ours *Error
	if errors.As(err, &ours) && ours.code == exitUsage {
		return true
	}
	return isCertificate(err) || isTLS(err) || slices.ContainsFunc([]error{
		sarama.ErrSASLAuthenticationFailed, sarama.ErrUnsupportedSASLMechanism,
		sarama.ErrTopicAuthorizationFailed, sarama.ErrClusterAuthorizationFailed,
		sarama.ErrInvalidReplicationFactor, sarama.ErrInvalidPartitions, sarama.ErrInvalidTopic,
		sarama.ErrInvalidConfig, sarama.ErrPolicyViolation,
	}, func(target error) bool { return errors.Is(err, target) })
}
