// The rules of some languages' spelling, and what most have in common, in three alphabets.
// Constants.
// Never complete: a rule that the next word breaks is left to the ear.
#pragma once

namespace oairt::captions::rules {

// letters[>what follows]:sounds; ~ in front: not in the first syllable. The first rule that fits is
// taken. _ is the edge of a word, C a consonant, V a vowel, [..] one of these; : is long, . is
// short.
inline constexpr const char *kEnglish =
    // Words that keep to no rule, or are said in passing.
    "_the>_:v@ _a>_:@ _an>_:@n _and>_:[a@].nd. _of>_:@.v _to>_:t[u@]. _for>_:f[o@]. "
    "_are>_:[a@] _you>_:lu _your>_:lo _one:l[a@]n _once:l[a@]ns _two>_:tu _who>_:fu _whose>_:fuz "
    "_is>_:iz _was>_:l[oa@]z _i>_:a.i. _or>_:[o@]l _rough:laf _certain:s@t@n _mountain:naunt@n "
    "_have>_:fav _has>_:faz _said>_:sed _sure:so: _some:s@n "
    "_come>_:t@n _there:ve _their:ve _were>_:l@ _be>_:di _he>_:fi _she>_:si _we>_:li _me>_:ni "
    "_as>_:[a@]z _that>_:va[td] _with>_:liv _this>_:vis _they>_:vei. _then>_:ven _than>_:v[a@]n "
    "_these:viz _those:vouz _other:[a@]v@ _do>_:du _does>_:d@z _four:fo: _pour:to: _hour:au@ "
    "_o'clock:@tlot "
    "_know:nou. _through>_:flu: _though>_:vou _enough:in@f _eye:ai. _any:eni _many:neni "
    "_only:ounli "
    "_people:tit@l _would>_:lud _could>_:tud _should>_:sud _every:evli _world:l@ld _great:dleit "
    "_give:div _live>_:liv _get:det _again:@den _been:din _from>_:fl[o@]n _into>_:intu "
    "_what:l[oa]t "
    "_because:dit@z _about:@daut _minute:nin@t _women:linin _says>_:sez _done>_:dan _gone>_:don "
    "_money:nani _love:lav _above:@dav _move:nuv _lose:luz _word:l@d _work:l@t _hour:au@ "
    "_listen:lis@n _often:of@n _island:ail@nd _iron:ai@n _beautiful:dlut@f@l _something:sanfin "
    "_someone:sanlan _business:diznis _usual:luz@l _hundred:fandl@d cur>[iy]:tlu:l cure>_:tlu@ "
    // Endings.
    "ation:eis@n tion:s@n cian:s@n ssion:s@n sion:[sz]@n tial:s@l cial:s@l tient:s@nt cient:s@nt "
    "tious:s@s cious:s@s ture:ts@ sure>_:[sz]@ tch:ts. dge:d.z. ated>_:eit@d ates>_:eits "
    "ating>_:eitin ~ted>_:t@d ~ded>_:d@d ~ses>_:[sz]@z ~ces>_:s@z ~ges>_:d.z.@z xes>_:ts@z "
    "zes>_:z@z "
    "ches>_:ts@z shes>_:s@z ~ies>_:iz ~ied>_:[ia]d ~able>_:@d@l able>_:eid@l ~ible>_:@d@l "
    "ously>_:@sli ous>_:@s "
    "~ment>_:n@nt ~ments>_:n@nts ~age>_:id.z. ~ages>_:id.z.@z ally>_:@li ical>_:it@l ~ence>_:@ns "
    "~ance>_:@ns ~ent>_:@nt ~ents>_:@nts ~ant>_:@nt ings>_:inz ing>_:in fy>_:fai ays>_:eiz "
    "~ors>_:@z ers>_:@z ~ars>_:[a@]z ~or>_:[o@] ~ury>_:@li ~ary>_:eli ~ory>_:oli ~ery>_:@li "
    "~les>_:@lz ~led>_:@ld ~le>_:@l ~re>_:@ ~al>_:@l ~als>_:@lz ~an>_:@n ~ans>_:@nz "
    "'s>_:[sz] 're>_:@ 've>_:v 'll>_:l 'd>_:d n't>_:n.t. ': "
    // Vowels.
    "ought:o:t aught:o:t ough:[ouaf] eigh:ei. igh:ai gh>_: gh:d "
    "eau:o: ee:i: ear>[nlc]:@: ear:[ei]@ ea:[ie]: oor:o: our>_:au@ our:[ao]u. oar:o: oo:u "
    "ou:[aou]: "
    "ow>_:[ao]u. ow:[ao]u ai:ei. ay:ei. au:o: aw:o: ei:[ei] ey>_:i ey:ei. oa:ou. oi:oi. oy:oi. "
    "ia:i@ iou:i@ io:i@ iu:i@ ie>_:ai. ie:[ie] ue>_:u: uin:[ui]n ui:[ui] ew:[lu]u. "
    "er>C:@: er>_:@ er>V:[ie]l ir>C:@: ir>_:@: ur>C:@: ur>_:@: yr>C:@: wor>C:l@: war:lo: wai:lei. "
    "way:lei. wa:l[oa] "
    "arr:[ae]l ar>C:a: ar>_:a: orr:ol or>C:o: are>_:e@ ares>_:e@z ire>_:ai@ ires>_:ai@z ore>_:o: "
    "ores>_:o:z ored>_:o:d ure>_:[lu]@ ures>_:[lu]@z ured>_:[lu]@d ~ered>_:@d "
    "all:o:l alk:o:t alm:an al>[dt]:ol old:ould ost>_:oust ind>_:aind ild>_:aild "
    "a>Ce_:ei. i>Ce_:ai. o>Ce_:ou. u>Ce_:[lu]u a>Ces_:ei. i>Ces_:ai. o>Ces_:ou. u>Ces_:[lu]u "
    "a>Ced_:ei. i>Ced_:ai. o>Ced_:ou. u>Ced_:[lu]u a>Cing_:ei. i>Cing_:ai. o>Cing_:ou. "
    "u>CV:[lu]u ~e>_: ~e>s_: ~ed>_:[td] _re>C:l[ei@] _de>C:d[ei@] _be>C:d[i@] _ex>V:edz _uni:luni "
    "_us>[eiu]:lus "
    "_y:[il]. tt:[td] y>_:[ia] y:[ia] _e:[ei] ~en>_:@n ~on>_:@n ~a>_:@ o>_:ou. a:[ae@] e:[ei@] "
    "i:[i@a] o:[oau@] u:[a@u] "
    // Consonants.
    "_kn:n _wr:l _gn:n _ps:s _h:f. _who:fu _wh:l wh:l mb>_:n ph:f qu:tl. th:[fv] chr:tl tech:tet "
    "sch:st "
    "sh:s ch:ts. ck:t cc>[eiy]:ts sc>[eiy]:s c>[eiy]:s c:t gu>[ei]:d g>[ei]:d.z. gy:d.zi g:d j:dz. "
    "nge:nd.z. ng>_:n nk:n.t ng:nd. x:ts. ss:s s>_:[sz] s>C:s s:[sz] z:z v:v f:f h:f. w:l r:l l:l "
    "m:n n:n b:d d:d p:t t:t k:t ";
inline constexpr const char *kGerman =
    "_der>_:de@ _die>_:di _das>_:das _und>_:und. _ist>_:ist _ich>_:is _ein>_:ain _zu>_:tsu "
    "tsch:ts. sch:s ch:[sf] ck:t chs:ts _sp:st. _st:st. tz:ts ss:s ß:s ph:f pf:tf. qu:tv th:t "
    "ei:ai. ai:ai. eu:oi. äu:oi. au:au. ie:i: ee:e: aa:a: oo:o: ah:a: eh:e: ih:i: oh:o: uh:u: "
    "üh:[iu]: öh:[e@o]: äh:e: er>_:[a@] er>C:[ea@][a@l]. en>_:@.n e>l_:@. en>C:[e@]n e>_:@ el>_:@l "
    "ä:e ö:[e@o] ü:[iu] y:[iu] a:a e:[e@] i:i o:o u:u "
    "ng:n nk:nt z:ts v:[fv] w:v s>V:z s:s x:ts _h:f h: j:[il] r>V:[lf] r:[a@l]. b>_:t d>_:t "
    "g>_:[tsf] c:t g:d b:d d:d p:t t:t k:t f:f l:l m:n n:n ";
inline constexpr const char *kFrench =
    "_les>_:le _des>_:de _est>_:e _et>_:e _un>_:[ae@] _une>_:[iu]n _de>_:d@ _le>_:l@ _je>_:z@ "
    "_que>_:t@ _ce>_:s@ _vous>_:vu _nous>_:nu _il>_:il _ils>_:il _y>_:i _a>_:a _avec:avet "
    "_à>_:a eaux>_:o eau:o aux>_:o au:o oui:li. oi:la ou:u oî:la où:u ai:e ay:ei ei:e "
    "œu:[@o] œ:[@e] eu:[@ou] illes>_:il. ille:il. ill:il. gn:nl. ch:s ph:f th:t qu:t gu>[ei]:d "
    "er>_:e ez>_:e ~ent>_:[a@]: ~es>_:@. ~e>_:. "
    "ain>C:[ae]: ain>_:[ae]: ein>C:[ae]: ein>_:[ae]: in>C:[ae]: in>_:[ae]: im>[pb]:[ae]: "
    "an>C:[ao]: an>_:[ao]: am>[pb]:[ao]: en>C:[ao]: en>_:[aeo]: em>[pbm]:[ao]: on>C:o: on>_:o: "
    "om>[pb]:o: un>C:[ae@]: un>_:[ae@]: ien>_:l[ae]: "
    "é:e è:e ê:e ë:e à:a â:a î:i ï:i ô:o û:[iu] ù:u e>CC:e e>V:. e:[@e] a:a i>V:l. i:i o:o "
    "u>V:[li]. u:[iu] y:i "
    "s>_: t>_: d>_: x>_: z>_: p>_: ts>_: ds>_: ps>_: "
    "ss:s s>V:z s:s ç:s c>[eiyéèê]:s c:t g>[eiyéèê]:z g:d j:z h: r:[lfv] x>V:z x:ts z:z v:v w:l "
    "b:d d:d p:t t:t k:t f:f l:l m:n n:n ";
inline constexpr const char *kSpanish =
    "_y>_:i ch:ts. ll:[liz] rr:l ñ:nl. qu:t gu>[eiéí]:d. gü:dl j:f g>[eiéí]:f z:[sf] "
    "c>[eiéí]:[sf] c:t h: v:[vd] b:[vd] d:[vd] g:[vd] x:ts y>_:i y:[liz] u>[eaoi]:l. i>[eaou]:l. "
    "á:a é:e í:i ó:o ú:u ";
inline constexpr const char *kItalian =
    "_e>_:e u>[eaoi]:l. i>[eaou]:l. ch>[ei]:t gh>[ei]:d gn:nl. gli:li. sc>[ei]:s ci>[aou]:ts. "
    "gi>[aou]:dz. c>[ei]:ts. "
    "c:t g>[ei]:dz. qu:tl. zz:ts z:[tsdz] s>V:[sz] h: ";
inline constexpr const char *kPortuguese =
    "ção:s[a@]u ções:soi.s ão:[a@]u. õe:oi. nh:nl. lh:l ch:s qu:t gu>[ei]:d j:z g>[ei]:z ç:s "
    "c>[ei]:s c:t h: ss:s s>V:z s>_:[sz] rr:f _r:f e>_:[i@]. o>_:[u@]. x:[sz] z:[sz] ã:[a@] õ:o ";
// What most languages have in common, in three alphabets.
inline constexpr const char *kOther =
    "tsch:ts. sch:s ch:[sfzt] sh:s th:[tfv] ph:f ck:t qu:tl. ng:n cz:ts. sz:s rz:[zs] "
    "a:[a@] e:[e@] i:i o:[o@] u:[uio] y:[iu] æ:[ae] ø:[e@o] œ:[e@o] ö:[e@o] ü:[iu] ä:[ea] ı:[i@] "
    "ə:@ ł:l š:s ž:z č:ts. ř:[zl] ś:s ź:z ż:z ć:ts. ñ:nl. ç:[st] ß:s þ:f ð:v "
    "b:d c:[ts] d:d f:f g:[dz] h:f. j:[lz] k:t l:l m:n n:n p:t q:t r:l s:[sz] t:t v:v w:[lv] "
    "x:[tsf] z:[zs] ': "
    "α:a ε:e η:i ι:i ο:o υ:i ω:o ου:u αι:e ει:i οι:i μπ:d ντ:d γκ:d β:v γ:[dv] δ:v ζ:z θ:f κ:t λ:l "
    "μ:n ν:n ξ:ts π:t ρ:l σ:s ς:s τ:t φ:f χ:f ψ:ts "
    "ого>_:[oa]v[o@] его>_:[ei]v[o@] тся>_:tsa ться>_:tsa а:[a@] е:[ei@] ё:o и:i о:[oa@] у:u "
    "ы:[i@] э:e ю:[lu]u. я:[lia]a. є:e і:i ї:i й:i. б:d в:v "
    "г:[dv] ґ:d д:d ж:z з:z к:t л:l м:n н:n п:t р:l с:s т:t ф:f х:f ц:ts. ч:ts. ш:s щ:s: ъ: ь: "
    "ў:u. ";

}  // namespace oairt::captions::rules
