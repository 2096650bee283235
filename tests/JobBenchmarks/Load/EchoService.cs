using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace ForegSyte.JobBenchmarks.Load;

/// <summary>Answers with as many bytes as it is asked for.</summary>
internal sealed class EchoService : EchoServiceBase
{
    private static readonly ConcurrentDictionary<int, BytesValue> Answers = new();

    /// <inheritdoc />
    public override Task<BytesValue> Echo(BytesValue request, ServerCallContext context) =>
        Task.FromResult(Answers.GetOrAdd(
            EchoMethod.AnswerSize(request),
            static size => new BytesValue { Value = UnsafeByteOperations.UnsafeWrap(new byte[size]) }));
}
