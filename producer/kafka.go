package producer

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/IBM/sarama"
)

// KafkaConfig says how to reach a Kafka cluster.
type KafkaConfig struct {
	Brokers            []string // host:port, at least one
	Username, Password string
	Mechanism          string // PLAIN, or "" for no SASL
	TLS                bool   // verified against the system's certificates
	ClientID           string // names this program in the broker's logs; "" is "lakectl"
}

const (
	dialTimeout = 5 * time.Second
	readTimeout = 15 * time.Second
)

// newSaramaConfig returns what the publisher and the administrative calls have in common.
// All connections go through dial, so that they can be watched and cut.
func newSaramaConfig(cfg KafkaConfig, dial *dialer) (*sarama.Config, error) {
	if len(cfg.Brokers) == 0 {
		return nil, usage("no Kafka broker is given")
	}
	for _, broker := range cfg.Brokers {
		if _, _, err := net.SplitHostPort(broker); err != nil {
			return nil, usage("kafka broker %q is not host:port: %w", broker, err)
		}
	}
	conf := sarama.NewConfig()
	conf.Version = sarama.V2_8_0_0 // the first with topic ids; Kafka 4 still speaks it
	conf.ClientID = cfg.ClientID
	if conf.ClientID == "" {
		conf.ClientID = "lakectl"
	}
	conf.Metadata.AllowAutoTopicCreation = false
	conf.Net.DialTimeout = dialTimeout
	conf.Net.ReadTimeout = readTimeout
	conf.Net.WriteTimeout = readTimeout
	conf.Net.Proxy.Enable = true // sarama's only way to take a dialer
	conf.Net.Proxy.Dialer = dial
	if cfg.TLS {
		conf.Net.TLS.Enable = true
		conf.Net.TLS.Config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	switch cfg.Mechanism {
	case "":
	case sarama.SASLTypePlaintext:
		conf.Net.SASL.Enable = true
		conf.Net.SASL.Mechanism = sarama.SASLTypePlaintext
		conf.Net.SASL.User, conf.Net.SASL.Password = cfg.Username, cfg.Password
	default:
		return nil, usage("kafka SASL mechanism %q is not supported: PLAIN, or none", cfg.Mechanism)
	}
	return conf, nil
}

// explain turns an error of sarama's into one for the reader. doing says what was being done.
func explain(doing string, cfg KafkaConfig, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sarama.ErrSASLAuthenticationFailed):
		return failed("check the Kafka user name and password", "%s: kafka at %v refused the login of %q: %w", doing, cfg.Brokers, cfg.Username, err)
	case errors.Is(err, sarama.ErrTopicAuthorizationFailed), errors.Is(err, sarama.ErrClusterAuthorizationFailed):
		return failed("ask the cluster's owner for the right to describe, create and write the topic", "%s: %w", doing, err)
	case errors.Is(err, sarama.ErrOutOfBrokers):
		return failed("check that Kafka runs there and that the listener's security (SASL, TLS) is what it expects", "%s: no answer from Kafka at %v: %w", doing, cfg.Brokers, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}
