using System.Text.Json;
using CsCheck;
using ForegSyte.Protocol.Json;
using ForegSyte.Protocol.Tests.Contracts;
using ForegSyte.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.Protocol.Tests.Json;

/// <summary>The JSON form of every message of the contracts holds all of it, under the names of the protos.</summary>
public sealed class ForegSyteJsonTests
{
    // So many messages of each type; there are some fifty types.
    private const int Samples = 40;

    public static TheoryData<string> MessageTypes => [.. Types.Keys.Order(StringComparer.Ordinal)];

    private static readonly Dictionary<string, MessageDescriptor> Types = ContractFiles.All
        .SelectMany(file => file.MessageTypes)
        .ToDictionary(type => type.FullName);

    [Theory]
    [MemberData(nameof(MessageTypes))]
    public void Parser_OfWhatTheFormatterWrote_IsTheMessage(string type) => MessageGenerator.Of(Types[type]).Sample(
        message =>
        {
            var line = ForegSyteJson.Formatter.Format(message);
            Assert.DoesNotContain('\n', line);
            Assert.Equal(message, ForegSyteJson.Parser.Parse(line, Types[type]));
            Assert.Equal(message, ForegSyteJson.StrictParser.Parse(line, Types[type]));
            Assert.Equal(
                message, ForegSyteJson.Parser.Parse(ForegSyteJson.IndentedFormatter.Format(message), Types[type]));
        },
        iter: Samples);

    [Theory]
    [MemberData(nameof(MessageTypes))]
    public void Formatter_WritesEveryFieldUnderItsProtoName(string type) => MessageGenerator.Of(Types[type]).Sample(
        message =>
        {
            using var json = JsonDocument.Parse(ForegSyteJson.Formatter.Format(message));
            Assert.Equal(
                Types[type].Fields.InDeclarationOrder().Where(field => IsWritten(field, message))
                    .Select(field => field.Name).Order(StringComparer.Ordinal),
                json.RootElement.EnumerateObject().Select(property => property.Name).Order(StringComparer.Ordinal));
        },
        iter: Samples);

    [Fact]
    public void Types_AreThoseOfTheContracts()
    {
        Assert.Contains("foregsyte.v1.ResultsDocument", Types.Keys);
        Assert.Contains("foregsyte.v1.Job", Types.Keys);
        Assert.Contains("foregsyte.inference.v1.RunPipelineResponse", Types.Keys);
        Assert.Contains("foregsyte.v1.Pipeline", Types.Keys);
    }

    [Fact]
    public void Formatter_WritesTheNamesThatReadersKnow() => Assert.Equal(
        """{ "frame_index": 0, "result": { "detections": [ ], "text_regions": [ ], "text": "", """
        + "\"interpolated_detections\": [ ] }, \"frame_timestamp_ms\": 0, \"damaged\": false, "
        + "\"interpolated\": false }",
        ForegSyteJson.Formatter.Format(new FrameResult { Result = new PipelineResult() }));

    [Fact]
    public void Parsers_UnknownField_IsPassedOverOrRefused()
    {
        const string Newer = """{ "frame_index": 7, "of_a_newer_version": [1] }""";
        Assert.Equal(new FrameResult { FrameIndex = 7 }, ForegSyteJson.Parser.Parse<FrameResult>(Newer));
        Assert.Throws<InvalidProtocolBufferException>(() => ForegSyteJson.StrictParser.Parse<FrameResult>(Newer));
    }

    // A field without presence is written with its zero too; one with presence only where it was set.
    private static bool IsWritten(FieldDescriptor field, IMessage message) =>
        !field.HasPresence || field.Accessor.HasValue(message);
}
