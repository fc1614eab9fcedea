package producer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/IBM/sarama"
)

// DefaultMaxMessageBytes is the topic's max.message.bytes where TopicConfig gives none: a replay's
// lines may have several MB, and a broker's own default is 1 MiB.
const DefaultMaxMessageBytes = 8 << 20

// TopicConfig is a topic as it should be.
type TopicConfig struct {
	Name           string
	Partitions     int32 // 0 is 1
	Replication    int16 // 0 is 1 for a new topic, and whatever it is for one that is there
	RetentionBytes int64 // per partition; 0 or -1 is no limit

	// MaxMessageBytes limits a record batch, bytes; 0 is DefaultMaxMessageBytes.
	MaxMessageBytes int32
}

// TopicInfo is a topic as it is.
type TopicInfo struct {
	ClusterID  string
	TopicID    string // differs when a topic was deleted and made again under the same name
	Partitions int
	Replicas   int  // of each partition; the fewest, where they differ
	Created    bool // by this call

	// Differences are the settings of an existing topic that are not as TopicConfig wants them,
	// sorted, such as "retention.ms is 604800000, wanted -1". They are left as they are.
	Differences []string
}

// EnsureTopic makes the topic unless it is there, and says what is there. The topic keeps messages by
// size and not by time, because a broker would delete a replay of the past at once, and takes the
// producer's timestamps. Errors: no broker answers, wrong login, no right to create; when ctx ends, its
// error.
func EnsureTopic(ctx context.Context, cfg KafkaConfig, want TopicConfig) (TopicInfo, error) {
	given := want
	want = want.withDefaults()
	var info TopicInfo
	err := withAdmin(ctx, cfg, func(client sarama.Client, admin sarama.ClusterAdmin) (err error) {
		info, err = describe(client, want.Name)
		if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			info, err = create(client, admin, want, given)
			return explain(fmt.Sprintf("creating topic %s", want.Name), cfg, err)
		}
		if err == nil {
			info.Differences, err = info.differences(admin, want, given)
		}
		return explain(fmt.Sprintf("describing topic %s", want.Name), cfg, err)
	})
	return info, err
}

// ErrNoTopic says that Kafka answers and has no topic of that name.
var ErrNoTopic = errors.New("there is no such topic")

// FindTopic says what is there, and makes nothing. Its errors are EnsureTopic's, and ErrNoTopic.
func FindTopic(ctx context.Context, cfg KafkaConfig, topic string) (TopicInfo, error) {
	var info TopicInfo
	err := withAdmin(ctx, cfg, func(client sarama.Client, _ sarama.ClusterAdmin) (err error) {
		info, err = describe(client, topic)
		if errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			err = ErrNoTopic
		}
		return explain(fmt.Sprintf("describing topic %s", topic), cfg, err)
	})
	return info, err
}

// EndOffsets returns the offset that the next message of each partition will get.
func EndOffsets(ctx context.Context, cfg KafkaConfig, topic string) (map[int32]int64, error) {
	return offsets(ctx, cfg, topic, sarama.OffsetNewest)
}

// StartOffsets returns the offset of the oldest message that each partition still has, or that its first one will
// get.
func StartOffsets(ctx context.Context, cfg KafkaConfig, topic string) (map[int32]int64, error) {
	return offsets(ctx, cfg, topic, sarama.OffsetOldest)
}

// OffsetsAt returns the offset of the first message of each partition that was stamped at a time or later, to the
// millisecond, or that its next one will get.
func OffsetsAt(ctx context.Context, cfg KafkaConfig, topic string, at time.Time) (map[int32]int64, error) {
	found, err := offsets(ctx, cfg, topic, at.UnixMilli())
	if err != nil {
		return nil, err
	}
	ends, err := EndOffsets(ctx, cfg, topic)
	for partition, offset := range found {
		if offset < 0 { // all are older
			found[partition] = ends[partition]
		}
	}
	return found, err
}

// offsets asks for one offset of each partition: of its newest or oldest message, or by a time in milliseconds.
func offsets(ctx context.Context, cfg KafkaConfig, topic string, end int64) (map[int32]int64, error) {
	found := map[int32]int64{}
	err := withAdmin(ctx, cfg, func(client sarama.Client, _ sarama.ClusterAdmin) error {
		partitions, err := client.Partitions(topic)
		if err != nil {
			return explain(fmt.Sprintf("listing the partitions of %s", topic), cfg, err)
		}
		for _, partition := range partitions {
			if found[partition], err = client.GetOffset(topic, partition, end); err != nil {
				return explain(fmt.Sprintf("reading an offset of %s[%d]", topic, partition), cfg, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// withAdmin connects, calls do and disconnects. Sarama takes no context: when ctx ends, the
// connections are cut, which ends its calls.
func withAdmin(ctx context.Context, cfg KafkaConfig, do func(sarama.Client, sarama.ClusterAdmin) error) error {
	dial := newDialer(ctx, nil)
	defer dial.cut()
	defer context.AfterFunc(ctx, dial.cut)()

	conf, err := newSaramaConfig(cfg, dial)
	if err != nil {
		return err
	}
	client, err := sarama.NewClient(cfg.Brokers, conf)
	if err == nil {
		defer func() { _ = client.Close() }()
		var admin sarama.ClusterAdmin
		if admin, err = sarama.NewClusterAdminFromClient(client); err == nil {
			err = do(client, admin)
		}
	}
	if ctx.Err() != nil && err != nil {
		return fmt.Errorf("asking Kafka at %v: %w (%w)", cfg.Brokers, context.Cause(ctx), err)
	}
	var explained *Error
	if errors.As(err, &explained) {
		return err
	}
	if errors.Is(err, sarama.ErrOutOfBrokers) {
		err = errors.Join(err, refusedLogin(cfg, conf))
	}
	return explain("connecting", cfg, err)
}

// refusedLogin asks each broker for what sarama's client leaves out of its error: that the broker knows
// no login of this kind.
func refusedLogin(cfg KafkaConfig, conf *sarama.Config) error {
	for _, address := range cfg.Brokers {
		broker := sarama.NewBroker(address)
		if err := broker.Open(conf); err != nil {
			return err
		}
		_, err := broker.Connected()
		_ = broker.Close()
		if errors.Is(err, sarama.ErrUnsupportedSASLMechanism) {
			return err
		}
	}
	return nil
}

func (t TopicConfig) withDefaults() TopicConfig {
	if t.Partitions == 0 {
		t.Partitions = 1
	}
	if t.Replication == 0 {
		t.Replication = 1
	}
	if t.RetentionBytes == 0 {
		t.RetentionBytes = -1
	}
	if t.MaxMessageBytes == 0 {
		t.MaxMessageBytes = DefaultMaxMessageBytes
	}
	return t
}

// settings are the topic's configuration entries.
func (t TopicConfig) settings() map[string]string {
	return map[string]string{
		"retention.ms":           "-1",
		"retention.bytes":        strconv.FormatInt(t.RetentionBytes, 10),
		"message.timestamp.type": "CreateTime",
		"max.message.bytes":      strconv.Itoa(int(t.MaxMessageBytes)),
	}
}

func (t TopicConfig) detail() *sarama.TopicDetail {
	entries := map[string]*string{}
	for name, value := range t.settings() {
		entries[name] = &value
	}
	return &sarama.TopicDetail{NumPartitions: t.Partitions, ReplicationFactor: t.Replication, ConfigEntries: entries}
}

// create makes the topic and waits until its partitions have leaders. Another program may have been
// faster, with other settings.
func create(client sarama.Client, admin sarama.ClusterAdmin, want, given TopicConfig) (TopicInfo, error) {
	err := admin.CreateTopic(want.Name, want.detail(), false)
	existed := errors.Is(err, sarama.ErrTopicAlreadyExists)
	if err != nil && !existed {
		return TopicInfo{}, err
	}
	if err := client.RefreshMetadata(want.Name); err != nil { // retries while leaders are missing
		return TopicInfo{}, err
	}
	info, err := describe(client, want.Name)
	if err == nil && existed {
		info.Differences, err = info.differences(admin, want, given)
	}
	info.Created = !existed
	return info, err
}

// describe asks one broker, once.
func describe(client sarama.Client, topic string) (TopicInfo, error) {
	broker := client.LeastLoadedBroker()
	if broker == nil {
		return TopicInfo{}, sarama.ErrOutOfBrokers
	}
	answer, err := broker.GetMetadata(sarama.NewMetadataRequest(client.Config().Version, []string{topic}))
	if err != nil {
		return TopicInfo{}, err
	}
	if len(answer.Topics) != 1 {
		return TopicInfo{}, fmt.Errorf("kafka described %d topics instead of one", len(answer.Topics))
	}
	found := answer.Topics[0]
	if found.Err != sarama.ErrNoError {
		return TopicInfo{}, found.Err
	}
	info := TopicInfo{TopicID: found.Uuid.String(), Partitions: len(found.Partitions)}
	for i, partition := range found.Partitions {
		if i == 0 || len(partition.Replicas) < info.Replicas {
			info.Replicas = len(partition.Replicas)
		}
	}
	if answer.ClusterID != nil {
		info.ClusterID = *answer.ClusterID
	}
	return info, nil
}

// differences compares a topic with what is wanted of it, given expressly or by default. Without the
// right to read its settings those are left out.
func (t TopicInfo) differences(admin sarama.ClusterAdmin, want, given TopicConfig) ([]string, error) {
	entries, err := settingsOf(admin, want.Name)
	if err != nil && !errors.Is(err, sarama.ErrTopicAuthorizationFailed) {
		return nil, err
	}
	var found []string
	if t.Partitions != int(want.Partitions) {
		found = append(found, fmt.Sprintf("partitions is %d, wanted %d", t.Partitions, want.Partitions))
	}
	if given.Replication != 0 && t.Replicas != int(given.Replication) {
		found = append(found, fmt.Sprintf("replication is %d, wanted %d", t.Replicas, given.Replication))
	}
	settings := want.settings()
	for _, entry := range entries {
		if wanted, ok := settings[entry.Name]; ok && entry.Value != wanted {
			found = append(found, fmt.Sprintf("%s is %s, wanted %s", entry.Name, entry.Value, wanted))
		}
	}
	slices.Sort(found)
	return found, nil
}

// settingsOf reads the named settings of a topic; all of them where none is named.
func settingsOf(admin sarama.ClusterAdmin, topic string, names ...string) ([]sarama.ConfigEntry, error) {
	resource := &sarama.ConfigResource{Type: sarama.TopicResource, Name: topic, ConfigNames: names}
	results, err := admin.DescribeConfigs([]*sarama.ConfigResource{resource}, sarama.DescribeConfigsOptions{})
	if err != nil {
		return nil, err
	}
	var entries []sarama.ConfigEntry
	for _, result := range results {
		if result.ErrorCode != sarama.ErrNoError {
			return nil, &sarama.DescribeConfigError{Err: result.ErrorCode, ErrMsg: result.ErrorMsg}
		}
		entries = append(entries, result.Configs...)
	}
	return entries, nil
}
