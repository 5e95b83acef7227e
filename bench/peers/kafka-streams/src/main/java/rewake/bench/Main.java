package rewake.bench;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.Stores;

/** Processor API, persistent store (RocksDB) with its changelog, one stream thread. Settings as bench/peers/cart.py. */
public final class Main {
    private Main() {}

    public static void main(String[] arguments) {
        Map<String, String> environment = System.getenv();
        Probe probe = new Probe(
                Integer.parseInt(environment.get("PEER_EVENTS")), Path.of(environment.get("PEER_REPORT")));
        boolean exactlyOnce = "1".equals(environment.get("PEER_EXACTLY_ONCE"));

        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, environment.get("PEER_APP"));
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, environment.get("PEER_BOOTSTRAP"));
        settings.put(StreamsConfig.STATE_DIR_CONFIG, environment.get("PEER_STATE"));
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(
                StreamsConfig.PROCESSING_GUARANTEE_CONFIG,
                exactlyOnce ? StreamsConfig.EXACTLY_ONCE_V2 : StreamsConfig.AT_LEAST_ONCE);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");

        ProcessorSupplier<String, Model.Event, String, Model.Command> cart = () -> new CartProcessor(probe);
        Topology topology = new Topology();
        topology.addSource(
                "events",
                new StringDeserializer(),
                new Model.Json<>(Model.Event.class).deserializer(),
                environment.get("PEER_TOPIC"));
        topology.addProcessor("cart", cart, "events");
        topology.addStateStore(
                Stores.keyValueStoreBuilder(
                        Stores.persistentKeyValueStore(CartProcessor.STORE),
                        Serdes.String(),
                        new Model.Json<>(Model.Cart.class)),
                "cart");
        topology.addSink(
                "commands",
                environment.get("PEER_COMMANDS"),
                new StringSerializer(),
                new Model.Json<>(Model.Command.class).serializer(),
                "cart");

        KafkaStreams streams = new KafkaStreams(topology, settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.setStateListener((now, before) -> {
            if (now == KafkaStreams.State.ERROR) {
                Runtime.getRuntime().halt(1);
            }
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(20))));
        streams.start();
    }
}
