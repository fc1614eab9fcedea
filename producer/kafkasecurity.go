package producer

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
)

// setSecurity fills in TLS and the login.
func setSecurity(conf *sarama.Config, cfg KafkaConfig) error {
	if cfg.TLS {
		settings, err := cfg.tlsConfig()
		if err != nil {
			return err
		}
		conf.Net.TLS.Enable, conf.Net.TLS.Config = true, settings
	} else if len(cfg.CA)+len(cfg.Cert)+len(cfg.Key) > 0 {
		return usage("certificates for Kafka are given, but no TLS")
	}
	if cfg.Mechanism == "" {
		if cfg.Username != "" {
			return usage("a Kafka user is given, but no SASL mechanism")
		}
		return nil
	}
	if cfg.Username == "" || cfg.Password == "" {
		return usage("the Kafka login %s needs a user name and a password", cfg.Mechanism)
	}
	conf.Net.SASL.Enable = true
	conf.Net.SASL.Mechanism = sarama.SASLMechanism(cfg.Mechanism)
	conf.Net.SASL.User, conf.Net.SASL.Password = cfg.Username, cfg.Password
	switch cfg.Mechanism {
	case sarama.SASLTypePlaintext:
	case sarama.SASLTypeSCRAMSHA256:
		conf.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA256} }
	case sarama.SASLTypeSCRAMSHA512:
		conf.Net.SASL.SCRAMClientGeneratorFunc = func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA512} }
	default:
		return usage("kafka SASL mechanism %q is not supported: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, or none", cfg.Mechanism)
	}
	return nil
}

func (cfg KafkaConfig) tlsConfig() (*tls.Config, error) {
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(cfg.CA) > 0 {
		settings.RootCAs = x509.NewCertPool()
		if !settings.RootCAs.AppendCertsFromPEM(cfg.CA) {
			return nil, usage("the certificates to trust for Kafka are not PEM, or there is none")
		}
	}
	switch {
	case len(cfg.Cert) > 0 && len(cfg.Key) > 0:
		pair, err := tls.X509KeyPair(cfg.Cert, cfg.Key)
		if err != nil {
			return nil, usage("the certificate for Kafka and its key, PEM and not encrypted: %w", err)
		}
		settings.Certificates = []tls.Certificate{pair}
	case len(cfg.Cert)+len(cfg.Key) > 0:
		return nil, usage("a certificate for Kafka needs its key, and a key its certificate")
	}
	return settings, nil
}

// scramClient is one login by SCRAM; sarama asks for a new one per connection.
type scramClient struct {
	hash         scram.HashGeneratorFcn
	conversation *scram.ClientConversation
}

func (c *scramClient) Begin(user, password, authzID string) error {
	client, err := c.hash.NewClient(user, password, authzID)
	if err == nil {
		c.conversation = client.NewConversation()
	}
	return err
}

func (c *scramClient) Step(challenge string) (string, error) { return c.conversation.Step(challenge) }

func (c *scramClient) Done() bool { return c.conversation.Done() }
