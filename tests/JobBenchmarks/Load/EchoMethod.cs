using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>
/// The bare call that others are compared with: one bytes field each way. The first four bytes of a request say how
/// many bytes the answer has, so that one server can stand beside any call.
/// </summary>
internal static class EchoMethod
{
    public static readonly Method<BytesValue, BytesValue> Definition = new(
        MethodType.Unary, "foregsyte.benchmarks.Echo", "Echo", MarshallerOf(), MarshallerOf());

    /// <summary>Bytes that a bytes field needs beside its content: the tag and a length of up to two bytes.</summary>
    private const int FieldBytes = 3;

    /// <summary>A request of this many bytes on the wire for an answer of that many.</summary>
    public static BytesValue Request(int requestBytes, int responseBytes)
    {
        var content = new byte[Math.Max(sizeof(int), requestBytes - FieldBytes)];
        BitConverter.TryWriteBytes(content, Math.Max(0, responseBytes - FieldBytes));
        return new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(content) };
    }

    /// <summary>Bytes that the content of the answer has.</summary>
    public static int AnswerSize(BytesValue request) => BitConverter.ToInt32(request.Value.Span);

    private static Marshaller<BytesValue> MarshallerOf() => Marshallers.Create(
        static (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        static context => BytesValue.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));
}
