using CsCheck;
using ForegSyte.Jobs.Tests.Queue;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Jobs;

public sealed class SegmentCheckTests
{
    private static readonly Gen<(Segment Segment, int Stride)> Segments =
        from start in Gen.Int[0, 200]
        from length in Gen.Int[1, 60]
        from stride in Gen.Int[1, 9]
        select (new Segment(0, start, start + length), stride);

    /// <summary>Right answers, some of whose frames failed.</summary>
    private static readonly Gen<(Segment Segment, int Stride, RunPipelineResponse Answer)> Answers =
        from asked in Segments
        from failed in Gen.Int[0, 60]
        select (asked.Segment, asked.Stride, AnswerTo(asked.Segment, asked.Stride, failed));

    [Fact]
    public void DefectOf_RightAnswer_IsNull() => Answers.Sample(asked =>
        Assert.Null(SegmentCheck.DefectOf(asked.Segment, asked.Stride, asked.Answer)));

    [Fact]
    public void DefectOf_AnyCountChanged_NamesTheSegment() =>
        Gen.Select(Answers, Gen.Int[0, 4], Gen.Int[0, 3]).Sample(
            (asked, field, change) =>
            {
                var by = new[] { -1, 1, int.MaxValue, int.MinValue }[change];
                var frames = asked.Answer.Frames;
                switch (field)
                {
                    case 0: frames.Decoded = unchecked(frames.Decoded + by); break;
                    case 1: frames.Analyzed = unchecked(frames.Analyzed + by); break;
                    case 2: frames.Skipped = unchecked(frames.Skipped + by); break;
                    case 3: frames.Failed = unchecked(frames.Failed + by); break;
                    default: frames.FailedByReason["DECODER_LOST"] = by; break;
                }

                var defect = SegmentCheck.DefectOf(asked.Segment, asked.Stride, asked.Answer);
                Assert.Contains(
                    FormattableString.Invariant(
                        $"frames {asked.Segment.StartFrame} to {asked.Segment.EndFrame} is wrong"),
                    defect, StringComparison.Ordinal);
            });

    [Fact]
    public void DefectOf_AnyFrameIndexChanged_IsFound() =>
        Gen.Select(Answers, Gen.Int[0, 60], Gen.Int[-300, 300]).Sample((asked, place, by) =>
        {
            if (asked.Answer.Results.Count == 0 || by == 0)
            {
                return;
            }

            // Another index of the stride that lies between its neighbours is the one change that nobody could see.
            var results = asked.Answer.Results;
            place %= results.Count;
            var changed = results[place].FrameIndex + by;
            var after = place == 0 ? asked.Segment.StartFrame - 1 : results[place - 1].FrameIndex;
            var before = place == results.Count - 1 ? asked.Segment.EndFrame : results[place + 1].FrameIndex;
            results[place].FrameIndex = changed;
            var isInPlace = changed > after && changed < before && changed % asked.Stride == 0;
            Assert.Equal(
                isInPlace, SegmentCheck.DefectOf(asked.Segment, asked.Stride, asked.Answer) is null);
        });

    [Fact]
    public void DefectOf_FrameMissingOrTwice_IsFound() => Answers.Sample(asked =>
    {
        var results = asked.Answer.Results;
        if (results.Count == 0)
        {
            return;
        }

        var twice = asked.Answer.Clone();
        twice.Results.Insert(0, twice.Results[0].Clone());
        twice.Frames.Analyzed++;
        Assert.NotNull(SegmentCheck.DefectOf(asked.Segment, asked.Stride, twice));
        results.RemoveAt(0);
        Assert.NotNull(SegmentCheck.DefectOf(asked.Segment, asked.Stride, asked.Answer));
    });

    [Fact]
    public void DefectOf_NothingSaidAboutFrames_IsFound() => Assert.NotNull(
        SegmentCheck.DefectOf(new Segment(0, 0, 1), 1, new RunPipelineResponse()));

    private static RunPipelineResponse AnswerTo(Segment segment, int stride, int failed)
    {
        var answer = ScriptedInference.Answer(new RunPipelineRequest
        {
            Range = new FrameRange { StartFrame = segment.StartFrame, EndFrame = segment.EndFrame },
            FrameStride = stride,
        });
        failed = Math.Min(failed, answer.Results.Count);
        for (var i = 0; i < failed; i++)
        {
            answer.Results.RemoveAt(answer.Results.Count / 2);
        }

        if (failed > 0)
        {
            answer.Frames.Analyzed -= failed;
            answer.Frames.Failed = failed;
            answer.Frames.FailedByReason["UNDECODABLE_VIDEO"] = failed;
        }

        return answer;
    }
}
