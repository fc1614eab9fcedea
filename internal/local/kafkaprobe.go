package local

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"
)

// probeKafka asks the broker, with the password, for its cluster. It is ready when it is registered
// with its controller and so names itself.
func probeKafka(ctx context.Context, addr, username, password string) error {
	broker := sarama.NewBroker(addr)
	if err := broker.Open(probeConfig(username, password)); err != nil {
		return err
	}
	defer broker.Close()
	if _, err := broker.Connected(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Without topics (an empty list, not none) it is the brokers alone.
	answer, err := broker.GetMetadata(&sarama.MetadataRequest{Version: 7, Topics: []string{}})
	if err != nil {
		return err
	}
	if len(answer.Brokers) == 0 || answer.ControllerID < 0 {
		return errors.New("the broker is not registered yet")
	}
	return nil
}

func probeConfig(username, password string) *sarama.Config {
	c := sarama.NewConfig()
	c.ClientID = "lakectl"
	c.Version = sarama.V2_8_0_0
	c.ApiVersionsRequest = false
	c.Net.DialTimeout, c.Net.ReadTimeout, c.Net.WriteTimeout = time.Second, 5*time.Second, 5*time.Second
	c.Net.SASL.Enable = true
	c.Net.SASL.Mechanism = sarama.SASLTypePlaintext
	c.Net.SASL.User, c.Net.SASL.Password = username, password
	return c
}
