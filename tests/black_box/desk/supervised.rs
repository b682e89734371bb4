//! Calls that a colleague takes over from the agent.

use callstead::{
    call::{
        AskError,
        handover::{Colleague, Summary},
    },
    store::handovers::{self, Returned},
};

use super::*;

fn nadia() -> Colleague {
    let actor = Actor { name: "Nadia".to_owned(), ..Actor::console() };
    Colleague { identity: "staff-1".parse().unwrap(), actor, since: Timestamp::now() }
}

#[tokio::test]
async fn a_colleague_talks_in_the_agents_place_until_they_give_back_or_go() {
    let mut served = Served::new(Desk::with_models(), |_| {});
    served.load().await;
    let mut call = served.open("call-7").await;
    call.arrive().await;
    let (greeting, _) = call.hear_out().await;
    let mut following = served.desk.calls().remove(0);
    let id = following.call.id.clone();
    assert_eq!(served.desk.give_back(&id, None), Err(AskError::NotTakenOver));

    served.desk.take_over(&id, nadia(), None).unwrap();
    call.until(|sign| *sign == Sign::Colleague(Some(nadia().identity))).await;
    call.tell(LineEvent::Colleague { is_here: true }).await;
    let told = following
        .scene
        .wait_for(|scene| scene.handover.as_ref().is_some_and(|handover| handover.summary != Summary::Coming));
    let summary = timeout(PATIENCE, told).await.unwrap().unwrap().handover.as_ref().map(|it| it.summary.clone());
    assert!(matches!(&summary, Some(Summary::Told(text)) if !text.reveal().is_empty()), "{summary:?}");
    let refused = served.desk.ask("call-7", Pii::new("Hello?".to_owned())).await;
    assert_eq!(refused, Err(AskError::TakenOver));

    // What is said to the colleague is written down, not answered; and silence means nothing.
    call.speak(&recording("utt21.wav")).await;
    call.keep_silent(1500).await;
    call.until(|sign| matches!(sign, Sign::Said(Speaker::Caller, _))).await;
    call.keep_silent(120_000).await;
    served.desk.give_back(&id, None).unwrap();
    let (back, sound) = call.hear_out().await;
    assert!(back.contains("automated agent again") && is_loud(&sound), "{back}");

    // One who never comes is not waited for.
    served.desk.take_over(&id, nadia(), None).unwrap();
    call.until(|sign| *sign == Sign::Colleague(Some(nadia().identity))).await;
    call.keep_silent(11_000).await;
    let (again, _) = call.hear_out().await;
    assert_eq!(again, back);
    call.hang_up().await;

    let store = served.store.clone();
    let records = served.records().await;
    let [(_, turns)] = &*records else { panic!("{records:?}") };
    let expected = [
        (Who::Agent, greeting.as_str()),
        (Who::Caller, "Transfer me to a live agent."),
        (Who::Agent, &back),
        (Who::Agent, &back),
    ];
    assert_eq!(said(turns), expected);
    let kept = store.read(move |connection| handovers::of_call(connection, &id)).await.unwrap();
    let kept: Vec<_> = kept.iter().map(|it| (it.by.as_str(), it.returned.map(|(_, how)| how))).collect();
    assert_eq!(kept, [("Nadia", Some(Returned::GivenBack)), ("Nadia", Some(Returned::ColleagueGone))]);
}
