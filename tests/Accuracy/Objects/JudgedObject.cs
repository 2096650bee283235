namespace ForegSyte.Accuracy.Objects;

/// <summary>A found object with its judgement.</summary>
internal readonly record struct JudgedObject(FoundObject Found, Judgement Judgement);
