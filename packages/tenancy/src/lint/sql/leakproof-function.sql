select func.name as object, 'it is marked LEAKPROOF: it sees rows before the policies have hidden them' as what, format('alter %s %s not leakproof', func.kind, func.name) as mend
  from func where func.leakproof
