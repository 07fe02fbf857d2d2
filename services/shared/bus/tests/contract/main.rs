//! One suite for both kinds of bus, and what only a bus with a network must do. The NATS half
//! needs a `nats-server` (`IM_TEST_NATS_BIN` or on the PATH), one throw-away server per test.

#[cfg(test)]
mod nats_only;
#[cfg(test)]
mod server;
#[cfg(test)]
mod suite;

/// Runs every function of the suite on both kinds of bus.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod in_process {
            $(#[tokio::test]
            async fn $name() {
                crate::suite::$name(&crate::suite::Backend::InProcess).await;
            })*
        }
        mod nats {
            $(#[tokio::test]
            async fn $name() {
                let Some(server) = crate::server::NatsServer::start().await else { return };
                crate::suite::$name(&crate::suite::Backend::Nats(server.url())).await;
            })*
        }
    };
}

contract![
    messages_about_a_subject_come_in_order,
    every_subscriber_gets_every_message,
    a_filter_hears_only_what_it_matches,
    a_slow_subscriber_stays_bounded_and_is_told,
    a_fast_subscriber_does_not_pay_for_a_slow_one,
    dropping_a_subscription_ends_it,
    closing_sends_what_is_queued_and_ends_everything,
    a_payload_over_the_limit_is_dropped_and_counted,
    a_protobuf_message_arrives_whole,
    a_subscription_is_in_force_when_subscribe_returns,
];
