package rewake.bench;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serializer;

/** What goes in, what is kept, what comes out; JSON by Jackson. */
final class Model {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private Model() {}

    static final class Event {
        public String type;
        @JsonProperty("event_id") public String eventId;
        @JsonProperty("shop_id") public String shopId;
        @JsonProperty("customer_id") public String customerId;
        @JsonProperty("occurred_at") public String occurredAt;
        @JsonProperty("product_id") public String productId;
        @JsonProperty("order_id") public String orderId;
        public String price;
        public String total;
        public Integer quantity;
        public String currency;

        /** Refuses an event without its fields. */
        void check() {
            boolean whole = eventId != null && customerId != null && occurredAt != null && currency != null;
            whole &= switch (type) {
                case "ProductViewed" -> productId != null && price != null;
                case "CartItemAdded" -> productId != null && price != null && quantity != null;
                case "OrderPlaced" -> orderId != null && total != null;
                default -> false;
            };
            if (!whole) {
                throw new IllegalArgumentException("a field is missing");
            }
        }
    }

    static final class Item {
        @JsonProperty("product_id") public String productId;
        public String price;
        public int quantity;
    }

    /** {@code due}: milliseconds, 0 for none. */
    static final class Cart {
        public String last;
        public List<Item> items = new ArrayList<>();
        public long due;
    }

    static final class Command {
        public String type = "SendSms";
        @JsonProperty("command_id") public String commandId;
        @JsonProperty("customer_id") public String customerId;
        @JsonProperty("due_at") public long dueAt;
        public String text;
    }

    record Json<T>(Class<T> kind) implements Serde<T> {
        @Override
        public Serializer<T> serializer() {
            return (topic, value) -> {
                try {
                    return value == null ? null : MAPPER.writeValueAsBytes(value);
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            };
        }

        @Override
        public Deserializer<T> deserializer() {
            return (topic, bytes) -> {
                try {
                    return bytes == null ? null : MAPPER.readValue(bytes, kind);
                } catch (IOException error) {
                    throw new UncheckedIOException(error);
                }
            };
        }
    }
}
