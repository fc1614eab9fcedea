package producer

import (
	"net"
	"time"

	"github.com/IBM/sarama"
)

// KafkaConfig says how to reach a Kafka cluster.
type KafkaConfig struct {
	Brokers            []string // host:port, at least one
	Username, Password string
	Mechanism          string // PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; "" for no SASL
	ClientID           string // names this program in the broker's logs; "" is "lakectl"

	// TLS encrypts, and checks the brokers' certificates against CA, PEM, or the system's where it is
	// empty. Cert and Key, PEM, are this program's own certificate, where the brokers ask for one.
	TLS           bool
	CA, Cert, Key []byte
}

const (
	dialTimeout = 5 * time.Second
	readTimeout = 15 * time.Second
)

// Check says what can't be right about the configuration, without asking Kafka (exit code 2).
func (cfg KafkaConfig) Check() error {
	_, err := newSaramaConfig(cfg, nil)
	return err
}

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
	if err := setSecurity(conf, cfg); err != nil {
		return nil, err
	}
	return conf, nil
}
