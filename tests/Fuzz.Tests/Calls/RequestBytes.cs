using CsCheck;
using ForegSyte.Fuzz.Tests.Running;
using ForegSyte.Protocol.Tests.Json;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace ForegSyte.Fuzz.Tests.Calls;

/// <summary>Requests of a method as bytes: valid ones, nearly valid ones, and noise.</summary>
/// <param name="words">Texts that mean something to the services, such as the id of a job.</param>
internal sealed class RequestBytes(IReadOnlyList<string> words)
{
    private readonly Dictionary<string, Gen<IMessage>> _messages = [];

    /// <summary>The bytes of a request, and what they are.</summary>
    public (byte[] Bytes, string Kind) Make(MethodDescriptor method, Random random)
    {
        if (random.Next(8) == 0)
        {
            var noise = new byte[random.Next(0, 200)];
            random.NextBytes(noise);
            return (noise, "noise");
        }

        var message = Message(method.InputType, random);
        Fill(message, random);
        var bytes = message.ToByteArray();
        return random.Next(3) == 0 ? (Mutation.OfBytes(bytes, random), "nearly valid") : (bytes, "valid");
    }

    private IMessage Message(MessageDescriptor type, Random random)
    {
        if (!_messages.TryGetValue(type.FullName, out var messages))
        {
            _messages[type.FullName] = messages = MessageGenerator.Of(type);
        }

        return messages.Generate(new PCG(1, (ulong)random.NextInt64()), null, out _);
    }

    /// <summary>Puts words into fields of text, so that a call gets further than its first check.</summary>
    private void Fill(IMessage message, Random random)
    {
        foreach (var field in message.Descriptor.Fields.InDeclarationOrder().Where(field => !field.IsRepeated))
        {
            if (field.FieldType == FieldType.String && random.Next(4) > 0)
            {
                field.Accessor.SetValue(message, words[random.Next(words.Count)]);
            }
            else if (field.FieldType == FieldType.Message && field.Accessor.GetValue(message) is IMessage inner)
            {
                Fill(inner, random);
            }
        }
    }
}
