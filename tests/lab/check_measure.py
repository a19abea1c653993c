"""Checks of the lab's own measure: gaps are found where they are, and nowhere else."""

import unittest

from measure import Timeline, longest_gap


def voice(begin, end, level=-14.0, flags=0):
    return [[float(time), level, flags, float(time), 20.0] for time in range(begin, end, 20)]


def timeline(frames, answers=()):
    lines = [{'t': frames[-1][0] + 20, 'k': 'audio', 'a': frames}]
    lines += [{'t': time, 'k': 'ping', 'a': [[1, time - 1, time]]} for time in answers]
    return Timeline(lines)


class Gaps(unittest.TestCase):
    def test_none_in_a_steady_stream(self):
        gap = timeline(voice(0, 4000)).audio_gap(1000, 4000)
        self.assertLess(gap.ms, 1)
        self.assertIsNotNone(gap.end)

    def test_flagged_silence_is_a_gap(self):
        gap = timeline(voice(0, 1000) + voice(1000, 1300, -96, 1) + voice(1300, 3000)).audio_gap(
            900, 3000)
        self.assertAlmostEqual(gap.ms, 300)
        self.assertAlmostEqual(gap.end, 1300)

    def test_concealed_frames_that_fade_are_a_gap(self):
        gap = timeline(voice(0, 1000) + voice(1000, 1060, -18) + voice(1060, 3000)).audio_gap(
            900, 3000)
        self.assertAlmostEqual(gap.ms, 60)

    def test_frames_that_do_not_come_are_a_gap(self):
        gap = timeline(voice(0, 1000) + voice(1500, 3000)).audio_gap(900, 3000)
        self.assertAlmostEqual(gap.ms, 500)

    def test_the_scheduler_adds_nothing_to_a_gap(self):
        frames = voice(0, 1000) + voice(1000, 1060, -96, 1) + voice(1060, 3000)
        frames[50 + 3][0] += 4.0  # the first real one after the gap is a little late
        self.assertAlmostEqual(timeline(frames).audio_gap(900, 3000).ms, 60)

    def test_a_gap_before_the_fault_does_not_count(self):
        frames = voice(0, 400) + voice(400, 800, -96, 1) + voice(800, 3000)
        self.assertLess(timeline(frames).audio_gap(1000, 3000).ms, 1)

    def test_a_gap_that_has_begun_before_the_fault_counts_whole(self):
        gap = timeline(voice(0, 960) + voice(960, 1200, -96, 1) + voice(1200, 3000)).audio_gap(
            1000, 3000)
        self.assertAlmostEqual(gap.ms, 240)

    def test_no_end_is_for_ever(self):
        gap = timeline(voice(0, 1000) + voice(1000, 9000, -96, 1)).audio_gap(900, 9000)
        self.assertIsNone(gap.end)
        self.assertGreater(gap.ms, 7900)

    def test_answers(self):
        answers = list(range(0, 1000, 50)) + list(range(1400, 3000, 50))
        gap = timeline(voice(0, 3000), answers).data_gap(900, 3000)
        self.assertAlmostEqual(gap.ms, 450)
        self.assertIsNone(longest_gap(answers, 0, 900, 9000).end)

    def test_is_back(self):
        answers = list(range(0, 5000, 50))
        line = timeline(voice(0, 1000) + voice(1000, 2000, -96, 1) + voice(2000, 5000), answers)
        self.assertFalse(line.is_back(1000, 2500))
        self.assertTrue(line.is_back(1000, 3300))
        self.assertFalse(line.is_back(3000, 3300))


class Promises(unittest.TestCase):
    def test_timestamps(self):
        self.assertEqual(timeline(voice(0, 1000)).breaks(), [])
        self.assertEqual(len(timeline(voice(0, 1000) + voice(1020, 2000)).breaks()), 1)
        self.assertEqual(len(timeline(voice(0, 1000) + voice(980, 2000)).breaks()), 1)
        self.assertEqual(len(timeline(voice(0, 1000) + voice(1000, 1020, -14, 2)).breaks()), 1)

    def test_bursts(self):
        frames = (voice(0, 200, -96, 1) + voice(200, 800) + voice(800, 1000, -96, 1) +
                  voice(1000, 1100))
        self.assertEqual(timeline(frames).bursts(0, 2000), ([35], 200))
        self.assertEqual(timeline(frames).bursts(0, 2000, 100), ([30, 5], 0))


if __name__ == '__main__':
    unittest.main()
