"""The table of who is told what."""

from domain.effects import EffectKind
from domain.notifications import OF_POLLS, TELLS, Audience, Telling

_OTHERS = (
    Telling.SIGN_IN_CODE,
    Telling.BOOKING_CODE,
    Telling.RECONNECT,
    Telling.MEETING_FAILED,
    Telling.INVITATION,
    Telling.WAITING,
    Telling.OFFERED,
    Telling.REMOVED,
    Telling.DELEGATE_INVITATION,
    Telling.DELEGATED,
    Telling.STAND_IN_ASKED,
    Telling.STAND_IN_DECLINED,
    Telling.STAND_IN_OVER,
    Telling.PAGE_GIVEN,
    Telling.UNWRITTEN,
    Telling.POLL_INVITATION,
    Telling.POLL_REMINDER,
    Telling.BALLOT,
    Telling.POLL_OVER,
    Telling.POLL_OPENED,
    Telling.POLL_STUCK,
    Telling.POLL_CLOSED,
)


def test_every_change_and_every_reminder_is_told_to_both_sides() -> None:
    """R135; a host who has declined knows it."""
    about_bookings = [each for each in Telling if each not in _OTHERS]

    told = {(telling, side) for telling in about_bookings for side in Audience}

    assert set(TELLS.values()) == told - {
        (Telling.DECLINED, Audience.HOST),
        (Telling.RELIEVED, Audience.INVITEE),  # who is told of the new host
    }


def test_every_effect_but_these_is_a_mail_about_a_booking() -> None:
    assert set(EffectKind) - set(TELLS) == {
        EffectKind.ENTRY,
        EffectKind.MEETING,
        EffectKind.LAPSE,
        EffectKind.OFFER,
        EffectKind.TELL_WAITING,
        EffectKind.TELL_OFFERED,
        EffectKind.TELL_REMOVED,
        EffectKind.TELL_MEETING_FAILED,
        EffectKind.TELL_UNWRITTEN,
        EffectKind.END_GRANT,
        EffectKind.WATCH,
        EffectKind.LOOK,
        EffectKind.TELL_RECONNECT,
        EffectKind.SIGN_IN_CODE,
        EffectKind.BOOKING_CODE,
        EffectKind.INVITE,
        EffectKind.INVITE_DELEGATE,
        EffectKind.TELL_DELEGATED,
        EffectKind.ASK_STAND_IN,
        EffectKind.TELL_STAND_IN_DECLINED,
        EffectKind.TELL_STAND_IN_OVER,
        EffectKind.TELL_PAGE_GIVEN,
        EffectKind.END_CONNECTIONS,
        EffectKind.CLOSE_POLL,
        *OF_POLLS,
    }
