<?php
/**
 * Words to search for, taken from a post's title.
 *
 * @package AffiliateSearch
 */

defined( 'ABSPATH' ) || exit;

/** The maximum number of words; with more words agencies find fewer pictures. */
const AFFILIATE_SEARCH_MAX_WORDS = 4;

/**
 * Returns the first words of a title that describe what a picture could show.
 *
 * @param string $title A title, perhaps with markup.
 * @return string Words with single spaces between them; empty when no word describes a picture.
 */
function affiliate_search_words( $title ) {
	$text  = html_entity_decode( wp_strip_all_tags( $title ), ENT_QUOTES, 'UTF-8' );
	$words = preg_split( "/[^\\p{L}\\p{M}\\p{N}\\x{200C}\\x{200D}'’-]+/u", $text, -1, PREG_SPLIT_NO_EMPTY );
	$kept  = array_filter( $words ? $words : array(), 'affiliate_search_describes_picture' );
	return implode( ' ', array_slice( $kept, 0, AFFILIATE_SEARCH_MAX_WORDS ) );
}

/** Stop words of titles by language; languages written without spaces need none. */
const AFFILIATE_SEARCH_STOP_WORDS = array(
	'ar' => 'أفضل إلى التي الذي أن أو عن على في كيف لا لماذا ما متى مع من هذا هذه هل هو هي و',
	'cs' => 'a aby ale ani co do i jak jako je jsou k která které který na nebo nejlepší o od po pro proč při s se ten to v ve vám vaše z za ze že',
	'da' => 'af alle at bedste de den der det din dit du en er et for fra hvad hvor hvordan hvorfor i med men når og om på sig som til vi',
	'de' => 'aber alle als am an auf aus bei beste besten das dein deine dem den der des die du ein eine einem einen einer es für hat ich ihr ihre im in ist man mein mit nach nicht oder sich sie sind so tipps über um und uns unsere vom von vor wann warum was wenn wer wie wir wird wo zu zum zur',
	'en' => 'a about all an and are as at best but by can do for from get guide how i in into is it its make me my new not of on or our should that the their these this tips to top us was ways we what when where which who why will with you your',
	'es' => 'a al como cómo con cuando cuándo de del dónde el ella en es esta este la las lo los más mejor mejores mi no o para pero por que qué se ser sin sobre son su sus tu tus un una unas unos y',
	'fi' => 'ei että he hän ja jos joka kanssa kuin kuinka kun me mikä miksi miten mutta myös ne niin ole on ovat paras parhaat se sekä tai te voi',
	'fr' => 'à au aux avec ce ces comment dans de des du elle en est et il je la le les leur mais meilleur meilleure meilleurs mes mon ne nos notre nous ou où par pas plus pour pourquoi quand que quel quelle qui sa se ses son sont sur ta tes ton un une vos votre vous y',
	'hu' => 'a az de egy ez hogy hogyan hol és is ki legjobb meg mi miért mikor mint nem vagy van',
	'it' => 'a ai al alla alle anche che chi come con da dal dei del della delle di dove e gli ha i il in la le lo ma migliore migliori nel nella non o per perché più quando si sono su sul tra tuo un una uno è',
	'nb' => 'alle at av beste de den der det din ditt du en er et for fra hva hvor hvordan hvorfor i med men når og om på seg som til vi å',
	'nl' => 'aan al als bij dat de der deze die dit een en er het hoe ik in is je jouw maar met mijn naar niet of om onze op over te uit van voor waar waarom wanneer wat we wie zijn',
	'pl' => 'a aby ale co czy dla do gdzie i jak jest kiedy która które który lub na najlepsze nie o od oraz po przy się są to w we z za ze że',
	'pt' => 'a ao aos as com como da das de do dos e é em essa este eu mais mas melhor melhores meu na não nas no nos o onde os ou para pela pelo por porque quando que se sem seu sua são um uma você',
	'ru' => 'а без в вы где для до его и из или их к как когда которые лучшие мы на не о об от по почему при с со так то у что чтобы это',
	'sv' => 'alla att av bästa de den det din ditt du där en ett för från hur i med men mot när och om på sig som till vad varför vi är',
	'tr' => 'bir bu da daha de en gibi için ile ise mi mı nasıl ne neden nerede o şu ve veya ya',
);

/**
 * Tells whether a word describes what a picture could show: a word with letters that is no stop word
 * of the blog's language.
 *
 * @param string $word A word of a title.
 * @return bool
 */
function affiliate_search_describes_picture( $word ) {
	$language = strtok( strtolower( get_locale() ), '_-' );
	$language = in_array( $language, array( 'nn', 'no' ), true ) ? 'nb' : $language;
	$silent   = isset( AFFILIATE_SEARCH_STOP_WORDS[ $language ] ) ? AFFILIATE_SEARCH_STOP_WORDS[ $language ] : '';
	$usual    = '/^(?:' . str_replace( ' ', '|', $silent ) . ')$/iu'; // mb_strtolower is missing from some hosts.
	return preg_match( '/\p{L}/u', $word ) && ! preg_match( $usual, $word );
}
