namespace ForegSyte.Hosting.Messages;

/// <summary>How large a request of one method may be.</summary>
/// <param name="MaxBytes">Largest message in bytes, as it is on the wire.</param>
/// <param name="WhatToDo">A sentence for a caller whose message is larger: the other way to do the same.</param>
/// <param name="Option">The option that it comes from; empty where it is a constant.</param>
public sealed record MessageSizeLimit(int MaxBytes, string WhatToDo, string Option = "");
