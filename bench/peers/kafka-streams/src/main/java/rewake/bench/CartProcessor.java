package rewake.bench;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.PriorityQueue;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;

/** A cart a customer in the store; deadlines in a heap, rebuilt from the store, swept each second of stream time. */
final class CartProcessor implements Processor<String, Model.Event, String, Model.Command> {
    static final String STORE = "carts";
    private static final long IDLE_MS = 3_600_000L;

    private record Deadline(long due, String customer) {}

    private final Probe probe;
    private final PriorityQueue<Deadline> deadlines = new PriorityQueue<>(Comparator.comparingLong(Deadline::due));
    private ProcessorContext<String, Model.Command> context;
    private KeyValueStore<String, Model.Cart> carts;

    CartProcessor(Probe probe) {
        this.probe = probe;
    }

    @Override
    public void init(ProcessorContext<String, Model.Command> given) {
        context = given;
        carts = given.getStateStore(STORE);
        try (var all = carts.all()) {
            all.forEachRemaining(kept -> {
                if (kept.value.due != 0) {
                    deadlines.add(new Deadline(kept.value.due, kept.key));
                }
            });
        }
        given.schedule(Duration.ofSeconds(1), PunctuationType.STREAM_TIME, this::sweep);
    }

    @Override
    public void process(Record<String, Model.Event> record) {
        probe.begin();
        Model.Event event = record.value();
        event.check();
        long at = Instant.parse(event.occurredAt).toEpochMilli();
        Model.Cart cart = carts.get(record.key());
        if (cart == null) {
            cart = new Model.Cart();
        }
        if (cart.due != 0 && cart.due < at) { // an event at the deadline's own instant comes first
            fire(record.key(), cart, at);
        }
        switch (event.type) {
            case "ProductViewed" -> cart.last = event.productId;
            case "CartItemAdded" -> {
                Model.Item item = new Model.Item();
                item.productId = event.productId;
                item.price = event.price;
                item.quantity = event.quantity;
                cart.items.add(item);
                cart.due = at + IDLE_MS;
                deadlines.add(new Deadline(cart.due, record.key()));
            }
            default -> {
                cart.items.clear();
                cart.due = 0;
            }
        }
        carts.put(record.key(), cart);
        probe.end();
    }

    private void sweep(long reached) {
        while (!deadlines.isEmpty() && deadlines.peek().due() < reached) {
            Deadline deadline = deadlines.poll();
            Model.Cart cart = carts.get(deadline.customer());
            if (cart != null && cart.due == deadline.due()) {
                fire(deadline.customer(), cart, reached);
                carts.put(deadline.customer(), cart);
            }
        }
    }

    private void fire(String customer, Model.Cart cart, long at) {
        Model.Command command = new Model.Command();
        command.commandId = customer + ":" + cart.due;
        command.customerId = customer;
        command.dueAt = cart.due;
        command.text = "You left " + cart.items.size() + " item(s) in your cart";
        cart.due = 0;
        context.forward(new Record<>(customer, command, at));
    }
}
