package pipeline

import (
	"context"
	"errors"
	"testing"

	"github.com/cryptostream/lakectl/internal/exit"
)

func TestSameTopic(t *testing.T) {
	for name, c := range map[string]struct {
		cluster, topic string
		err            error
		refused        bool
	}{
		"the same":        {cluster: "c", topic: "t"},
		"Kafka is away":   {err: errors.New("no answer")},
		"made anew":       {cluster: "c", topic: "u", refused: true},
		"another cluster": {cluster: "d", topic: "t", refused: true},
	} {
		p := &Pipeline{kafka: Kafka{ClusterID: "c", TopicID: "t", Ask: func(context.Context) (string, string, error) {
			return c.cluster, c.topic, c.err
		}}}
		err := p.sameTopic(t.Context())
		if (exit.Code(err) == exit.Refused) != c.refused || c.refused && exit.Hint(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}
